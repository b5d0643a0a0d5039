"""Training: the loop, the optimiser, one task per model, recipes."""
