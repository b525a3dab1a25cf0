"""What a plan comes to, and where it will end."""
