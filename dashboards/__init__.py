"""What people look at: the report's template, its charts and the number formats they share."""
