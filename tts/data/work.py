"""The work of preparation, a piece at a time; a row job, so whatever runs it gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass

from tts.audio.mel import MelConfig
from tts.data.clean import PrepareConfig
from tts.data.clips import Clip
from tts.data.extract import extract_or_reject
from tts.data.rows import Part
from tts.data.shards import PieceCounts, write_piece


@dataclass(frozen=True)
class MakePiece:
    """Makes the pieces of a corpus by these settings."""

    mel: MelConfig
    config: PrepareConfig

    def __call__(self, piece: Part[Clip]) -> tuple[int, PieceCounts]:
        """Write the features of a piece's clips; returns its number, and what became of the clips."""
        return piece.number, write_piece(piece.path, [extract_or_reject(clip, self.mel, self.config) for clip in piece.rows])
