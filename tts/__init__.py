"""Text to speech by a continuous autoregressive language model over mel frames."""
