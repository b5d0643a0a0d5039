"""Text to speech by a continuous autoregressive language model over mel frames."""

from tts.errors import InputError
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig
from tts.inference.speech import AudioChunk, Speech, WordTiming

__all__ = ["TTS", "AudioChunk", "InputError", "SamplingConfig", "Speech", "WordTiming"]
