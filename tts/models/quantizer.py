"""Quantisers: patches of mel frames to a few codes each, and back; what the discrete head predicts.

A learned quantiser (VQ-VAE, arXiv 1711.00937) is an encoder, codes of its latents (latent_codes.py), and a decoder. A patch is
encoded by itself, without the patches around it, so that a code means the same everywhere. The k-means quantiser has a codebook
and nothing to learn. Letters: B batch, T frames, P patches, r frames per patch, F mel bands, C codes, Q levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.errors import InputError
from tts.models.codebook import Codebook
from tts.models.latent_codes import Codebooks, ScalarCodes, find_nearest
from tts.models.quantizer_config import QuantizerConfig


@dataclass
class Quantized:
    """What a forward pass of a quantiser gives.

    Attributes:
        frames: (B, T, F) decoded.
        codes: int64 (B, P, Q).
        commitment: scalar, mean squared distance of latents from their codes over the levels; 0 where there is none.
    """

    frames: Tensor
    codes: Tensor
    commitment: Tensor


class PatchMap(nn.Module):
    """A linear layer and, beside it, an MLP that begins at zero."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.rise = nn.Linear(inputs, hidden)
        self.fall = nn.Linear(hidden, outputs)
        nn.init.zeros_(self.fall.weight)
        nn.init.zeros_(self.fall.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        return self.linear(x) + self.fall(functional.gelu(self.rise(x), approximate="tanh"))


class Quantizer(nn.Module):
    """Frames to codes and back; frames are normalised to zero mean and unit variance per band, by `mel_mean` and `mel_std`."""

    mel_mean: Tensor
    mel_std: Tensor
    entries: Tensor

    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__()
        self.config = config
        self.n_levels, self.codebook_size = config.n_levels, config.codebook_size
        patch_width = config.patch_size * config.n_mels
        self.register_buffer("mel_mean", torch.zeros(config.n_mels))
        self.register_buffer("mel_std", torch.ones(config.n_mels))
        if config.kind == "kmeans":
            width = config.n_mels if config.space == "frame" else patch_width
            self.register_buffer("entries", torch.zeros(config.codebook_size, width))
            return
        self.encoder = PatchMap(patch_width, config.hidden, config.n_latents)
        self.decoder = PatchMap(config.n_latents, config.hidden, patch_width)
        self.codes: Codebooks | ScalarCodes = ScalarCodes(config) if config.kind == "fsq" else Codebooks(config)

    def encode(self, frames: Tensor) -> Tensor:
        """Codes, int64 (B, P, Q), of normalised frames (B, T, F), T = P * r."""
        if self.config.kind == "kmeans":
            return find_nearest(self._rows(frames), self.entries).unflatten(1, (-1, self.n_levels))
        return self.codes.encode(self.encoder(self._patches(frames)))

    def decode(self, codes: Tensor) -> Tensor:
        """Normalised frames (B, T, F) of codes (B, P, Q)."""
        if self.config.kind == "kmeans":
            return functional.embedding(codes, self.entries).flatten(1).unflatten(1, (-1, self.config.n_mels))
        return self._frames(self.decoder(self.codes.decode(codes)))

    def forward(self, frames: Tensor) -> Quantized:
        """Encode and decode normalised frames (B, T, F); a learned quantiser's codebooks learn when in training mode."""
        if self.config.kind == "kmeans":
            codes = self.encode(frames)
            return Quantized(self.decode(codes), codes, frames.new_zeros(()))
        latents, codes, commitment = self.codes(self.encoder(self._patches(frames)))
        return Quantized(self._frames(self.decoder(latents)), codes, commitment)

    @torch.no_grad()
    def start(self, frames: Tensor) -> None:
        """Begin where a linear model ends.

        The linear layers become principal components of the patches of frames (1, T, F), and back; the codebooks k-means of
        those. Latents of FSQ have unit variance, as its range asks for.
        """
        rows = self._patches(frames)[0]
        width, mean = self.config.n_latents, rows.mean(0)
        variances, axes = torch.linalg.eigh(torch.cov(rows.T))
        axes, scale = axes[:, -width:].flip(1), variances[-width:].flip(0).clamp_min(1e-6).sqrt()
        scale = scale if self.config.kind == "fsq" else torch.ones_like(scale)
        self.encoder.linear.weight.copy_((axes / scale).T)
        self.encoder.linear.bias.copy_(-(mean @ axes) / scale)
        self.decoder.linear.weight.copy_(axes * scale)
        self.decoder.linear.bias.copy_(mean)
        if isinstance(self.codes, Codebooks):
            self.codes.start(self.encoder(rows)[None])

    def learning_state(self) -> dict[str, Tensor]:
        """What a resume of learning needs beside the weights, by name."""
        return self.codes.running_means() if isinstance(self.codes, Codebooks) else {}

    def _patches(self, frames: Tensor) -> Tensor:
        return frames.unflatten(1, (-1, self.config.patch_size)).flatten(2)  # (B, P, r * F)

    def _rows(self, frames: Tensor) -> Tensor:
        return frames if self.config.space == "frame" else self._patches(frames)

    def _frames(self, patches: Tensor) -> Tensor:
        return patches.unflatten(2, (-1, self.config.n_mels)).flatten(1, 2)


def build_quantizer(codebook: Codebook, patch_size: int) -> Quantizer:
    """Make a k-means quantiser, in eval mode, of patches of some frames of a codebook.

    Raises:
        InputError: the codebook's entries are patches of another size.
    """
    facts = codebook.facts
    is_frame = facts.space == "frame"
    if not is_frame and facts.patch_size != patch_size:
        raise InputError(f"the codebook's patches have {facts.patch_size} frames, the model's {patch_size}; take one of the same")
    config = QuantizerConfig(
        kind="kmeans",
        n_mels=facts.n_mels,
        patch_size=patch_size,
        codebook_size=facts.size,
        n_levels=patch_size if is_frame else 1,
        space=facts.space,
    )
    model = Quantizer(config)
    for name in ("entries", "mel_mean", "mel_std"):
        getattr(model, name).copy_(torch.from_numpy(getattr(codebook, name)))
    return model.eval()
