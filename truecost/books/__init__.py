"""Whose cost it is: settings and rules as SQL, and the derivation of the books."""
