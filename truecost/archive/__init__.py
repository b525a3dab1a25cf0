"""What closes froze, and whether it is as it was written."""
