"""Text to speech by a continuous autoregressive language model over mel frames."""

from tts.errors import InputError
from tts.inference.engine import TTS, AudioChunk, Speech, WordTiming
from tts.inference.sampling import SamplingConfig

__all__ = ["TTS", "AudioChunk", "InputError", "SamplingConfig", "Speech", "WordTiming"]
