"""Production and evals against what a model was accepted on."""
