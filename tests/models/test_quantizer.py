"""Quantisers: codes are those of the library, of a patch alone, and the way back can be exported."""

import itertools
import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from tts.models.latent_codes import Codebooks, find_nearest
from tts.models.quantizer import Quantizer, build_quantizer
from tts.models.quantizer_config import QuantizerConfig

N_MELS, SIZE = 5, 2
SETTINGS = {
    "vq": {"kind": "vq", "codebook_size": 16, "latent_dim": 4},
    "rvq": {"kind": "rvq", "codebook_size": 16, "latent_dim": 4, "n_levels": 3},
    "fsq": {"kind": "fsq", "codebook_size": 12, "scalar_levels": (4, 3), "n_levels": 2},
    "patches": {"kind": "kmeans", "codebook_size": 16},
    "frames": {"kind": "kmeans", "codebook_size": 16, "space": "frame", "n_levels": SIZE},
}


def draw_frames(*shape: int, seed: int = 0) -> torch.Tensor:
    """Frames (..., T, F) whose bands and neighbours have much in common."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, 3, generator=generator) @ torch.randn(3, N_MELS, generator=generator)


def make(name: str) -> Quantizer:
    torch.manual_seed(0)
    model = Quantizer(QuantizerConfig(n_mels=N_MELS, patch_size=SIZE, hidden=8, **SETTINGS[name]))
    if model.config.kind == "kmeans":
        nn.init.normal_(model.entries)
        return model.eval()
    model.start(draw_frames(1, 400, seed=1))
    nn.init.normal_(model.encoder.fall.weight, std=0.1)
    nn.init.normal_(model.decoder.fall.weight, std=0.1)
    return model.eval()


@pytest.fixture(params=SETTINGS)
def quantizer(request) -> Quantizer:
    return make(request.param)


def test_codes_are_indices_and_come_back_as_frames(quantizer):
    frames = draw_frames(3, 14)
    codes = quantizer.encode(frames)
    assert codes.shape == (3, 7, quantizer.n_levels) and codes.dtype == torch.int64
    assert codes.min() >= 0 and codes.max() < quantizer.codebook_size
    assert quantizer.decode(codes).shape == frames.shape


def test_encode_and_decode_are_the_two_halves_of_forward(quantizer):
    frames = draw_frames(2, 40)
    both = quantizer(frames)
    assert torch.equal(quantizer.encode(frames), both.codes)
    torch.testing.assert_close(quantizer.decode(both.codes), both.frames)


def test_encoding_is_deterministic_and_changes_nothing(quantizer):
    frames = draw_frames(2, 40)
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    first = quantizer.encode(frames)
    assert torch.equal(quantizer.encode(frames), first)
    assert all(torch.equal(value, before[name]) for name, value in quantizer.state_dict().items())


def test_the_codes_of_a_patch_do_not_depend_on_its_neighbours(quantizer):
    frames = draw_frames(1, 20)
    alone = torch.cat([quantizer.encode(frames[:, start : start + SIZE]) for start in range(0, 20, SIZE)], dim=1)
    assert torch.equal(quantizer.encode(frames), alone)


def test_weights_alone_rebuild_a_quantizer(quantizer):
    again = Quantizer(quantizer.config)
    again.load_state_dict(quantizer.state_dict())
    frames = draw_frames(1, 40)
    assert torch.equal(again.eval().encode(frames), quantizer.encode(frames))
    assert torch.equal(again(frames).frames, quantizer(frames).frames)
    assert not [name for name in quantizer.state_dict() if "cluster_size" in name or "embed_avg" in name]


@pytest.mark.parametrize("name", ["patches", "frames"])
def test_kmeans_codes_are_the_nearest_entries(name):
    quantizer, frames = make(name), draw_frames(1, 40)
    rows = frames.reshape(-1, quantizer.entries.shape[1])
    expected = torch.cdist(rows, quantizer.entries).argmin(1)
    assert torch.equal(quantizer.encode(frames).flatten(), expected)
    copies = quantizer.decode(quantizer.encode(frames))
    assert torch.equal(quantizer.decode(quantizer.encode(copies)), copies), "an entry is its own nearest"


def test_every_level_takes_away_from_what_is_left():
    quantizer, frames = make("rvq"), draw_frames(1, 400, seed=1)
    latents = quantizer.encoder(frames.unflatten(1, (-1, SIZE)).flatten(2))
    codes = quantizer.codes.encode(latents)
    left = [latents.norm()]
    for level, layer in enumerate(quantizer.codes.vq.layers):
        latents = latents - layer.codebook[codes[..., level]]
        left.append(latents.norm())
    assert all(after < before for before, after in itertools.pairwise(left))


@pytest.mark.parametrize("name", ["vq", "rvq", "fsq"])
def test_a_start_is_near_what_a_linear_model_can_do(name):
    torch.manual_seed(0)
    model = Quantizer(QuantizerConfig(n_mels=N_MELS, patch_size=SIZE, hidden=8, **SETTINGS[name]))
    frames = draw_frames(1, 2000, seed=1)
    model.start(frames)
    model.eval()
    assert (model(frames).frames - frames).square().mean() < 0.6 * frames.var()


@pytest.mark.parametrize("name", ["vq", "rvq", "fsq"])
def test_the_gradient_reaches_every_weight(name):
    model, frames = make(name).train(), draw_frames(1, 40)
    quantized = model(frames)
    ((quantized.frames - frames).square().mean() + quantized.commitment).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters())


def test_dead_entries_are_revived_and_living_ones_kept():
    torch.manual_seed(0)
    config = QuantizerConfig(kind="vq", n_mels=N_MELS, patch_size=SIZE, codebook_size=16, latent_dim=4, decay=0.5)
    books, latents = Codebooks(config), torch.randn(1, 400, 4)
    books.start(latents)
    entries = books.vq.layers[0]._codebook.embed
    kept = entries[0, :4].clone()
    entries[0, 4:] = 1e3  # no latent is anywhere near
    books.restart_means()
    assert (torch.bincount(books.encode(latents).flatten(), minlength=16) > 0).sum() == 4
    for _ in range(10):
        books(latents)
    assert (torch.bincount(books.encode(latents).flatten(), minlength=16) > 0).all()
    assert torch.cdist(kept, entries[0]).min(1).values.max() < 2.0


def test_a_resume_needs_the_running_means():
    one, two = make("rvq").train(), make("rvq").train()
    for step in range(3):
        one(draw_frames(1, 40, seed=step))
    two.load_state_dict(one.state_dict())
    for name, value in two.learning_state().items():
        value.copy_(one.learning_state()[name])
    for model in (one, two):
        torch.manual_seed(5)  # of what revives dead entries
        model(draw_frames(1, 40, seed=9))
    assert all(torch.equal(value, two.state_dict()[name]) for name, value in one.state_dict().items())


@pytest.mark.parametrize("name", ["rvq", "fsq", "frames"])
def test_both_ways_can_be_exported(name, tmp_path):
    quantizer, frames = make(name), draw_frames(1, 8)
    codes = quantizer.encode(frames)

    class Way(nn.Module):
        def __init__(self, is_back: bool) -> None:
            super().__init__()
            self.quantizer, self.is_back = quantizer, is_back

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.quantizer.decode(x) if self.is_back else self.quantizer.encode(x)

    for is_back, given, expected in ((False, frames, codes), (True, codes, quantizer.decode(codes))):
        path = tmp_path / f"{is_back}.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(Way(is_back), (given,), str(path), input_names=["x"], opset_version=20, dynamo=False)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(session.run(None, {"x": given.numpy()})[0], expected.detach().numpy(), atol=1e-5)


def test_the_first_of_equally_near_entries_is_taken():
    entries = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert find_nearest(torch.tensor([[0.0, 2.0], [3.0, 0.0]]), entries).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "vq", "n_levels": 2}, "vq has one level"),
        ({"kind": "fsq", "codebook_size": 1000}, "1000 in all"),
        ({"kind": "fsq", "codebook_size": 8, "scalar_levels": (2, 4)}, "3 or more"),
        ({"kind": "kmeans", "space": "frame"}, "4 codes when an entry is a frame"),
        ({"kind": "rvq", "n_mels": 20, "latent_dim": 81}, "81 latent channels are more"),
        ({"kind": "gmm"}, "kind"),
    ],
)
def test_sizes_that_do_not_go_together_are_refused(settings, said):
    with pytest.raises(ValidationError, match=said):
        QuantizerConfig(**settings)


def test_a_codebook_becomes_a_quantizer(codebook):
    quantizer = build_quantizer(codebook("frame"), patch_size=4)
    assert (quantizer.n_levels, quantizer.codebook_size, quantizer.config.patch_size) == (4, 32, 4)
    assert quantizer.encode(torch.from_numpy(codebook("frame").entries[None, :8])).flatten().tolist() == list(range(8))
