"""Where things are kept: the warehouse, its SQL, files that are whole or not there, the journal."""
