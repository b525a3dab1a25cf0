"""What a person wrote, parsed once into typed values."""
