"""Building blocks of networks, each causal one with its streaming state."""
