"""The quarter for people: read once from the published file, and written as page, workbook, CSV and JSON."""
