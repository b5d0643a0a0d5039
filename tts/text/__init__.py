"""Text front end: written text in, token sequences out; imports no torch.

Reading order: frontend (the parts put together), markup, normalize, split, phonemize, symbols.
"""
