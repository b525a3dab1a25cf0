"""Check a quarter, freeze it, reopen it."""
