"""The read-only file that finance opens, and the trail back from it."""
