"""A file on its way to the ledger: landed, read, judged, loaded."""
