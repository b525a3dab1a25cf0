"""What other systems take in."""
