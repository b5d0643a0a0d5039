"""Codes of latents, learned or fixed: RVQ (arXiv 2107.03312), of which VQ is the case of one level, and FSQ (2309.15505).

The codebooks are those of `vector-quantize-pytorch`; only learning goes through the library's forward pass, since that cannot be
exported. Letters: B batch, P patches, D latent channels, C codes of a level, Q levels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from vector_quantize_pytorch import FSQ, ResidualVQ

from tts.models.quantizer_config import QuantizerConfig

RUNNING_MEANS = ("cluster_size", "embed_avg")  # the library's names


class Codebooks(nn.Module):
    """Codebooks of latents, one a level, each of what the levels before it left over (RVQ)."""

    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__()
        self.vq = ResidualVQ(
            dim=config.latent_dim,
            num_quantizers=config.n_levels,
            codebook_size=config.codebook_size,
            decay=config.decay,
            threshold_ema_dead_code=config.dead_below,
            kmeans_init=True,
        )
        for layer in self.vq.layers:
            for name in ("initted", *RUNNING_MEANS):
                layer._codebook.register_buffer(name, getattr(layer._codebook, name), persistent=False)
            layer._codebook.initted.fill_(True)

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantised latents (B, P, D) with a gradient past the quantisation, codes (B, P, Q), commitment loss.

        In training mode the codebooks learn, but not from a batch that is not finite.
        """
        is_finite = bool(latents.isfinite().all())  # NaN would stay in the running means
        quantized, codes, losses = self.vq(latents, freeze_codebook=not is_finite)
        return quantized, codes, losses.mean()

    def encode(self, latents: Tensor) -> Tensor:
        """Codes (B, P, Q) of latents (B, P, D), as `forward` gives them."""
        codes = []
        for layer in self.vq.layers:
            entries = layer._codebook.embed[0]
            codes.append(find_nearest(latents, entries))
            latents = latents - functional.embedding(codes[-1], entries)
        return torch.stack(codes, dim=-1)

    def decode(self, codes: Tensor) -> Tensor:
        """Latents (B, P, D) of codes (B, P, Q)."""
        parts = [functional.embedding(codes[..., i], layer._codebook.embed[0]) for i, layer in enumerate(self.vq.layers)]
        return torch.stack(parts).sum(0)

    @torch.no_grad()
    def start(self, latents: Tensor) -> None:
        """Set the entries to the k-means of latents (B, P, D), level after level."""
        for layer in self.vq.layers:
            layer._codebook.initted.fill_(False)
        self.train()(latents)

    def running_means(self) -> dict[str, Tensor]:
        """What the library keeps beside the entries while they learn; only an exact resume needs it."""
        books = [layer._codebook for layer in self.vq.layers]
        return {f"{index}.{name}": getattr(book, name) for index, book in enumerate(books) for name in RUNNING_MEANS}

    @torch.no_grad()
    def restart_means(self) -> None:
        """Set the running means to what the entries are."""
        for layer in self.vq.layers:
            layer._codebook.cluster_size.fill_(1.0)
            layer._codebook.embed_avg.copy_(layer._codebook.embed)


class ScalarCodes(nn.Module):
    """Latents whose every channel is rounded to a few values; the codes are numbers of their combinations (FSQ)."""

    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__()
        self.fsq = FSQ(list(config.scalar_levels), num_codebooks=config.n_levels, keep_num_codebooks_dim=True)

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As that of Codebooks; there is nothing to commit to."""
        quantized, codes = self.fsq(latents)
        return quantized, codes.long(), latents.new_zeros(())

    def encode(self, latents: Tensor) -> Tensor:
        """Codes (B, P, Q) of latents (B, P, D)."""
        values = self.fsq.quantize(latents.unflatten(-1, (self.fsq.num_codebooks, -1)))
        return self.fsq.codes_to_indices(values).long()

    def decode(self, codes: Tensor) -> Tensor:
        """Latents (B, P, D) of codes (B, P, Q)."""
        return functional.embedding(codes, self.fsq.implicit_codebook).flatten(-2)


def find_nearest(rows: Tensor, entries: Tensor) -> Tensor:
    """Index, int64 (...), of the entry (C, D) nearest to each row (..., D) by Euclidean distance; the first of equals."""
    return (entries.square().sum(-1) - 2 * rows @ entries.T).argmin(-1)
