"""The quarter for people: figures, page, workbook, CSV."""
