"""SQL: schema, formats, books and finance views. Read with ``truecost.store.sql``."""
