"""Text front end: written text in, token sequences out; imports no torch.

Reading order: frontend (the parts put together), markup, normalize (the list of rules; clean comes before them), split,
phonemize, symbols. docs/text.md says what is said how.
"""
