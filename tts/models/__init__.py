"""Models: the acoustic model, its heads, and the aligner."""
