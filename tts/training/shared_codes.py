"""Learned codebooks that several processes train together, as one would from the whole batch.

`vector-quantize-pytorch` sums the counts and latents of each code over the processes, but what the codebooks begin with, and what
replaces a code that nobody uses, it draws otherwise than one process would. Here every process draws the same rows, of the whole
batch in its order. Letters: N latents, D latent channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from vector_quantize_pytorch.vector_quantize_pytorch import batched_sample_vectors

from tts.models.latent_codes import Codebooks
from tts.training.distributed import Rows, World


def learn_alone(codes: Codebooks) -> None:
    """Have the codebooks learn from what each process gives them by itself: from the same, all learn the same."""
    for layer in codes.vq.layers:
        book = layer._codebook
        book.sample_fn = book.replace_sample_fn = batched_sample_vectors
        book.all_reduce_fn = book.kmeans_all_reduce_fn = _keep


@contextmanager
def learning_together(codes: Codebooks, world: World, rows: Rows, lengths: list[int]) -> Iterator[None]:
    """A block in which the codebooks learn from the parts that the processes have of a batch.

    Args:
        codes: after `learn_alone`; all processes have the same random state, which the draws go on from.
        world: the processes.
        rows: the utterances of the batch that are this process's; one that is not real counts for nothing.
        lengths: latents of each of this process's utterances.
    """
    books = [layer._codebook for layer in codes.vq.layers] if world.size > 1 else []
    for book in books:
        book.all_reduce_fn = partial(_sum_up, world, rows)
        book.replace = partial(_replace, book, world, rows, lengths)
    try:
        yield
    finally:
        for book in books:
            del book.replace  # the instance's; the class's comes back
        learn_alone(codes)


def _keep(value: Tensor) -> Tensor:
    return value


def _sum_up(world: World, rows: Rows, value: Tensor) -> None:
    """Sum over the processes, in place."""
    value.copy_(world.total(value * rows.are_real))


def _replace(
    book: Any, world: World, rows: Rows, lengths: list[int], batch_samples: Tensor, batch_mask: Tensor, seq_mask: None = None
) -> None:
    """The library's replacement of the codes in a mask (1, C), with the whole batch for the own latents (1, N, D)."""
    whole = torch.cat(world.in_order(list(batch_samples[0].split(lengths)), rows.n_rows))
    type(book).replace(book, whole[None], batch_mask, seq_mask)
