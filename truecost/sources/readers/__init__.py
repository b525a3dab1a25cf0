"""What takes a landed file apart into rows of text."""
