"""Codecs: mel frames to sound, by a trained vocoder or by Griffin-Lim."""
