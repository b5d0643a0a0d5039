"""The CALM: text to a density over the next patch of mel frames, patch after patch.

The text encoder gives each token a state; durations repeat the states frame by frame; a conditioner looks at them patch by
patch, ahead as well as back, since the text is known; the causal backbone adds what was said so far; the head gives the density
of the next patch. The end of speech is the end of the durations. Letters: B batch, S tokens, T frames, P patches, r frames per
patch (patch_size), F mel bands, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.models.config import AcousticConfig
from tts.models.heads import FrameDistribution, build_head
from tts.models.speakers import Speakers
from tts.models.text_encoder import DurationPredictor, TextEncoder
from tts.nn.attention import AttentionState
from tts.nn.conv import ConvNeXtBlock
from tts.nn.masks import causal_window_mask
from tts.nn.transformer import Transformer
from tts.text.durations import N_PLACE

if TYPE_CHECKING:
    from tts.models.quantizer import Quantizer


@dataclass
class BackboneState:
    """What the backbone keeps between patches.

    Attributes:
        attention: keys and values, one entry per block.
        previous: (B, r * F) the last patch, normalised frames; zeros before the first.
    """

    attention: list[AttentionState]
    previous: Tensor


class Prenet(nn.Module):
    """The last patch (B, P, r * F) to the backbone's input (B, P, D); its dropout makes the model lean on the text."""

    def __init__(self, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, width),
            nn.GELU(approximate="tanh"),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.Dropout(dropout),
        )

    def forward(self, patches: Tensor) -> Tensor:
        """Transform."""
        return self.layers(patches)


class Conditioner(nn.Module):
    """Token states, repeated frame by frame, to one condition per patch."""

    def __init__(self, width: int, patch_size: int, n_blocks: int) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.place = nn.Linear(N_PLACE, width)
        self.patch = nn.Linear(patch_size * width, width)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, 3 * width, 5, is_causal=False) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(width)

    def forward(self, frame_memory: Tensor, place: Tensor, patch_mask: Tensor) -> Tensor:
        """Make the conditions.

        Args:
            frame_memory: (B, T, D) state of each frame's token.
            place: (B, T, N_PLACE) from expand_durations.
            patch_mask: bool (B, P), True = real data.

        Returns:
            (B, P, D).
        """
        x = frame_memory + functional.gelu(self.place(place), approximate="tanh")
        x = self.patch(x.unflatten(1, (-1, self.patch_size)).flatten(2))
        keep = patch_mask[..., None].to(x.dtype)
        for block in self.blocks:
            x = block(x * keep)
        return self.norm(x)


class AcousticModel(nn.Module):
    """The acoustic model: `encode` and `condition`, then `predict` for training or `step` for speaking.

    Args:
        config: settings.
        quantizer: trained, of a codes head; its settings enter the config. Without one it is built from `config.quantizer`, to
            have its weights loaded with the model's.

    Raises:
        InputError: the quantizer does not go with the head.
    """

    mel_mean: Tensor
    mel_std: Tensor

    def __init__(self, config: AcousticConfig | None = None, quantizer: Quantizer | None = None) -> None:
        super().__init__()
        config = config or AcousticConfig()
        if quantizer is not None:
            config = config.model_copy(update={"quantizer": quantizer.config})
        elif config.quantizer is not None:
            from tts.models.quantizer import Quantizer  # an extra library, which models without codes do without

            quantizer = Quantizer(config.quantizer)
        self.config = config
        width, frames_width = config.encoder.width, config.patch_size * config.n_mels
        self.encoder = TextEncoder(config.encoder)
        self.durations = DurationPredictor(width)
        self.conditioner = Conditioner(width, config.patch_size, config.conditioner_blocks)
        self.prenet = Prenet(frames_width, width, config.prenet_dropout)
        self.backbone = Transformer(width, config.n_heads, config.hidden, config.backbone_blocks, config.dropout, config.window)
        self.head = build_head(config, quantizer)
        self.speakers = None if config.speakers is None else Speakers(config.speakers, width)
        self.register_buffer("mel_mean", torch.zeros(config.n_mels))
        self.register_buffer("mel_std", torch.ones(config.n_mels))

    def normalize(self, mel: Tensor) -> Tensor:
        """Natural-log mel (..., F) to frames of zero mean and unit variance per band."""
        return (mel - self.mel_mean) / self.mel_std

    def denormalize(self, frames: Tensor) -> Tensor:
        """Inverse of normalize."""
        return frames * self.mel_std + self.mel_mean

    def encode(self, tokens: Tensor, mask: Tensor, speaker: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode texts; who speaks is heard by all that reads the memory.

        Args:
            tokens: int64 (B, S, 3).
            mask: bool (B, S).
            speaker: (B, K) a vector of each text's speaker, of a model of several speakers.

        Returns:
            Memory (B, S, D) and log durations (B, S).
        """
        memory = self.encoder(tokens, mask)
        assert (speaker is None) == (self.speakers is None), "a model of several speakers, and no other, is told who speaks"
        if self.speakers is not None:
            memory = memory + self.speakers(speaker)[:, None]
        return memory, self.durations(memory, mask)

    def condition(self, memory: Tensor, token_index: Tensor, place: Tensor, patch_mask: Tensor) -> Tensor:
        """Conditions (B, P, D).

        Args:
            memory: (B, S, D).
            token_index: int64 (B, T) token of each frame, T = P * r.
            place: (B, T, N_PLACE).
            patch_mask: bool (B, P).
        """
        frame_memory = memory.gather(1, token_index[..., None].expand(-1, -1, memory.shape[-1]))
        return self.conditioner(frame_memory, place, patch_mask)

    def predict(self, conditions: Tensor, history: Tensor) -> FrameDistribution:
        """Densities of all frames at once, the history given.

        Args:
            conditions: (B, P, D).
            history: (B, P, r * F) the patch before each patch, normalised.
        """
        mask = causal_window_mask(conditions.shape[1], self.config.window, conditions.device)
        return self.head(self.backbone(conditions + self.prenet(history), mask))

    def init_state(self, batch_size: int) -> BackboneState:
        """Make the state before the first patch."""
        previous = self.mel_mean.new_zeros(batch_size, self.config.patch_size * self.config.n_mels)
        return BackboneState(self.backbone.init_state(batch_size), previous)

    def step(self, condition: Tensor, state: BackboneState) -> FrameDistribution:
        """Density of the next patch, (B, r, F) normalised frames; arguments as in `advance`."""
        return self.head(self.advance(condition, state))

    def advance(self, condition: Tensor, state: BackboneState) -> Tensor:
        """What the head reads to give the next patch, (B, 1, D).

        Args:
            condition: (B, D) of this patch.
            state: updated in place, but for `previous`, which the caller sets to the frames that it chose.
        """
        x = condition[:, None] + self.prenet(state.previous[:, None])
        return self.backbone.step(x, state.attention)
