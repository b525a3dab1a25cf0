"""The read-only file that finance opens, what it says of a quarter as one typed value, and the trail back from it."""
