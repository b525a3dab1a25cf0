"""What asks for someone: readings of the day, the state machine, delivery."""
