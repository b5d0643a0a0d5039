"""Audio: files, mel, F0, silence."""
