"""The demo workspace and the script that writes it."""
