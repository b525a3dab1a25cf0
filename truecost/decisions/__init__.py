"""From a signal to a decision and its outcome."""
