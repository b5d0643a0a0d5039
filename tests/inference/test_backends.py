"""ONNX Runtime against PyTorch, function by function and by ear."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from tts import TTS, InputError, SamplingConfig
from tts.inference.density import Drawing
from tts.inference.export import export_graphs
from tts.inference.package import Packing, VoiceFacts, package_voice
from tts.text.durations import expand_durations
from tts.text.symbols import DEFAULT_SYMBOLS

CLOSE = {"atol": 1e-4, "rtol": 1e-4}


@pytest.fixture(scope="module")
def make_voice(tiny_acoustic, tiny_vocoder, tmp_path_factory):
    """A function of a kind of head that packages a voice with it, once."""
    from tts.models.acoustic import AcousticModel
    from tts.models.quantizer import Quantizer
    from tts.models.quantizer_config import QuantizerConfig

    @cache
    def make(kind: str) -> Path:
        torch.manual_seed(3)
        head = tiny_acoustic.config.head.model_copy(update={"kind": kind, "rank": 2, "n_components": 3})
        sizes = {"n_mels": 20, "codebook_size": 7, "n_levels": 3, "hidden": 8, "latent_dim": 4}
        quantizer = None
        if kind == "codes":
            quantizer = Quantizer(QuantizerConfig(kind="rvq", **sizes))
            quantizer.start(torch.randn(1, 400, 20))
        model = AcousticModel(tiny_acoustic.config.model_copy(update={"head": head}), quantizer).eval()
        with torch.no_grad():
            for parameter in model.head.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
        folder = tmp_path_factory.mktemp("heads") / kind
        package_voice(model, tiny_vocoder, DEFAULT_SYMBOLS, folder, VoiceFacts(kind, "Apache-2.0", "Noise."), Packing(int8=()))
        return folder

    return make


@pytest.fixture(scope="module")
def tokens():
    encoded = DEFAULT_SYMBOLS.encode("həlˈO ðˈɛɹ, wˈɜɹld. ðɪs ɪz ɐ tˈɛst.")
    return np.stack((encoded.ids, encoded.stress, encoded.place), axis=1)


def test_encoders_agree(onnx_tts, torch_tts, tokens):
    for count in (3, 11, len(tokens)):
        (memory, log_durations), (expected, expected_durations) = (
            tts.backend.encode(tokens[:count]) for tts in (onnx_tts, torch_tts)
        )
        np.testing.assert_allclose(memory, expected, **CLOSE)
        np.testing.assert_allclose(log_durations, expected_durations, **CLOSE)


def test_conditions_agree(onnx_tts, torch_tts, tokens):
    memory, _ = torch_tts.backend.encode(tokens)
    index, place = expand_durations(np.arange(len(tokens)) % 9 + 1, patch_size=4)
    actual, expected = (tts.backend.condition(memory, index, place) for tts in (onnx_tts, torch_tts))
    assert actual.shape == (len(index) // 4, 16)
    np.testing.assert_allclose(actual, expected, **CLOSE)


def test_steps_agree_past_the_end_of_the_window(onnx_tts, torch_tts):
    backends = (onnx_tts.backend, torch_tts.backend)
    states = [backend.init_state() for backend in backends]
    rng = np.random.default_rng(1)
    for _ in range(3 * onnx_tts.voice.config.acoustic.window + 2):
        condition, previous = rng.normal(size=16).astype(np.float32), rng.normal(size=(4, 20)).astype(np.float32)
        actual, expected = (backend.step(condition, previous, state) for backend, state in zip(backends, states, strict=True))
        np.testing.assert_allclose(actual.mean, expected.mean, **CLOSE)
        np.testing.assert_allclose(actual.log_std, expected.log_std, **CLOSE)


def test_vocoders_agree(onnx_tts, torch_tts):
    rng = np.random.default_rng(2)
    states = [tts.backend.init_vocoder_state() for tts in (onnx_tts, torch_tts)]
    for size in (1, 16, 5):
        mel, now = (rng.normal(size=(size, 20)).astype(np.float32) for _ in range(2))
        actual, expected = (tts.backend.vocode(mel, now, state) for tts, state in zip((onnx_tts, torch_tts), states, strict=True))
        for name in ("f0", "log_harmonic", "harmonic_phase", "log_noise", "log_free", "free_phase"):
            np.testing.assert_allclose(getattr(actual, name), getattr(expected, name), atol=1e-3, rtol=1e-4, err_msg=name)


def test_both_speak_the_same(onnx_tts, torch_tts):
    sampling = SamplingConfig(seed=11)
    actual, expected = (tts.synthesize("Hello there, world. One, two.", sampling) for tts in (onnx_tts, torch_tts))
    assert actual.words == expected.words
    np.testing.assert_allclose(actual.mel, expected.mel, atol=1e-3)
    np.testing.assert_allclose(actual.audio, expected.audio, atol=1e-3)


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("full", "experts", "regression")]


@pytest.mark.parametrize("kind", ["low_rank", "mixture", "codes", *SLOW])
def test_every_head_agrees_and_speaks(kind, make_voice):
    folder = make_voice(kind)
    engines = [TTS.load(folder, backend=backend) for backend in ("onnx", "torch")]
    condition, previous = np.ones(16, np.float32), np.ones((4, 20), np.float32)
    first, second = (tts.backend.step(condition, previous, tts.backend.init_state()) for tts in engines)
    frames = np.random.default_rng(4).normal(size=(4, 20)).astype(np.float32)
    for density in (first, second):
        assert density.mean.shape == density.std.shape == (4, 20) and density.log_prob(frames).shape == (4,)
    np.testing.assert_allclose(first.log_prob(frames), second.log_prob(frames), rtol=1e-3, atol=1e-3)
    for temperature in (0.0, 0.8):
        draws = [d.sample(Drawing(temperature), np.random.default_rng(5)) for d in (first, second)]
        np.testing.assert_allclose(*draws, atol=1e-3)
    speeches = [tts.synthesize("Hello there.", SamplingConfig(seed=11)) for tts in engines]
    assert speeches[0].words == speeches[1].words
    np.testing.assert_allclose(speeches[0].mel, speeches[1].mel, atol=1e-2)


def test_a_voice_of_codes_has_its_quantiser_in_graphs(make_voice):
    folder = make_voice("codes")
    names = {path.stem for path in folder.glob("*.onnx")}
    assert names == {"encode", "condition", "step", "vocode", "level_1", "level_2", "decode", "quantize"}
    onnx, reference = (TTS.load(folder, backend=backend).backend for backend in ("onnx", "torch"))
    assert onnx.n_levels == reference.n_levels == 3
    rng = np.random.default_rng(6)
    for _ in range(5):
        codes, frames = rng.integers(0, 7, (1, 3)), rng.normal(size=(4, 20)).astype(np.float32)
        np.testing.assert_allclose(onnx.decode_codes(codes), reference.decode_codes(codes), **CLOSE)
        assert np.array_equal(onnx.encode_frames(frames), reference.encode_frames(frames))
        trunk = rng.normal(size=(1, 32)).astype(np.float32)
        for level in (1, 2):
            first, second = (backend.logits_after(trunk, codes[:, :level]) for backend in (onnx, reference))
            np.testing.assert_allclose(first, second, **CLOSE)


def test_only_the_codes_that_are_asked_for_are_spoken(make_voice, onnx_tts):
    tts = TTS.load(make_voice("codes"))
    likeliest = tts.synthesize("Hello.", SamplingConfig(seed=1, temperature=0)).mel
    for narrow in ({"top_k": 1}, {"top_p": 0.0}):
        assert np.array_equal(tts.synthesize("Hello.", SamplingConfig(seed=2, temperature=1, **narrow)).mel, likeliest)
        with pytest.raises(InputError, match=r"top_.*'tiny' draws no codes"):
            onnx_tts.synthesize("Hello.", SamplingConfig(**narrow))
    assert not np.array_equal(tts.synthesize("Hello.", SamplingConfig(seed=2, temperature=1)).mel, likeliest)


def test_int8_stays_near_the_reference(tiny_acoustic, tiny_vocoder, torch_tts, tmp_path):
    package_voice(tiny_acoustic, tiny_vocoder, DEFAULT_SYMBOLS, tmp_path, VoiceFacts("small", "Apache-2.0", "Noise."))
    sampling = SamplingConfig(seed=11, temperature=0.3)
    actual, expected = (tts.synthesize("Hello there.", sampling) for tts in (TTS.load(tmp_path), torch_tts))
    assert actual.words == expected.words
    np.testing.assert_allclose(actual.mel, expected.mel, atol=0.1)


def test_an_export_leaves_no_weights_in_the_graphs(tiny_acoustic, tiny_vocoder, tmp_path):
    export_graphs(tiny_acoustic, tiny_vocoder, tmp_path)
    weights = (tmp_path / "model.safetensors").stat().st_size
    n_parameters = sum(parameter.numel() for model in (tiny_acoustic, tiny_vocoder) for parameter in model.parameters())
    assert 2 * n_parameters <= weights <= 2 * n_parameters + 20_000


def test_an_unknown_backend_is_refused(tiny_voice):
    with pytest.raises(InputError, match=r"abacus.*onnx or torch"):
        TTS.load(tiny_voice, backend="abacus")
