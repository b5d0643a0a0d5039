"""Steering and sigma: what is asked for is done, where it is asked for, and nothing else is."""

import shutil

import numpy as np
import pytest
from toy_steering import UNITS, bumps, toy_directions

from tts import TTS, InputError, SamplingConfig
from tts.inference.codes import CodesDensity
from tts.inference.delivery import Delivery, draw
from tts.inference.density import DENSITIES, Drawing
from tts.inference.engine import VocoderStream
from tts.inference.steering import Steering
from tts.inference.voices import STEERING_NAME
from tts.models.codebook import Codebook, CodebookFacts, write_codebook
from tts.models.steering import write_steering

TEXT = "Hello there, world. One more."
MEAN = SamplingConfig(seed=7, temperature=0)
SEVEN = SamplingConfig(seed=7)


def with_(sampling: SamplingConfig, **steer) -> SamplingConfig:
    return sampling.model_copy(update={"steer": steer})


@pytest.fixture(scope="module")
def steered(onnx_tts):
    return onnx_tts.steered_by(Steering(toy_directions()))


def frames_of_words(tts, speech):
    """Frames (start, end) of every word, in a speech of one utterance."""
    return [(round(w.start * tts.sample_rate / 256), round(w.end * tts.sample_rate / 256)) for w in speech.words]


def test_without_steering_the_audio_is_that_of_a_voice_that_cannot_be_steered(steered, onnx_tts):
    plain = onnx_tts.synthesize(TEXT, SEVEN)
    for sampling in (SEVEN, with_(SEVEN, pitch=0), SEVEN.model_copy(update={"sigma": 1.0})):
        assert np.array_equal(steered.synthesize(TEXT, sampling).audio, plain.audio)
    assert np.array_equal(steered.synthesize("[Hello there, world]{pitch=0 sigma=1}. One more.", SEVEN).audio, plain.audio)


def test_energy_is_a_vector_on_every_sounding_frame_and_the_history_does_not_hear_it(steered):
    plain, louder = (steered.synthesize("Hello there.", s).mel for s in (MEAN, with_(MEAN, energy=2)))
    added = (louder - plain) / steered.mel_std
    is_sounding = np.abs(added).max(1) > 1e-3
    np.testing.assert_allclose(added[is_sounding], 2 * 0.2, atol=1e-4)
    np.testing.assert_allclose(added[~is_sounding], 0, atol=1e-4)
    assert 0.5 < is_sounding.mean() < 1, "begin, end and pauses are left alone"


def test_markup_steers_the_words_that_it_marks_alone(steered):
    plain = steered.synthesize("One two three.", SEVEN)
    marked = steered.synthesize("One [two]{energy=-1.5} three.", SEVEN)
    assert marked.words == plain.words
    (_, before), (start, end), (after, _) = frames_of_words(steered, plain)
    added = (marked.mel - plain.mel) / steered.mel_std
    np.testing.assert_allclose(added[start:end], -1.5 * 0.2, atol=1e-3)
    assert np.array_equal(marked.mel[:before], plain.mel[:before])
    np.testing.assert_allclose(added[after:], 0, atol=1e-3)


def test_markup_replaces_what_the_request_sets(steered):
    one = steered.synthesize("[One two]{energy=-1}.", with_(MEAN, energy=3)).mel
    other = steered.synthesize("One two.", with_(MEAN, energy=-1)).mel
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_rate_shortens_the_words_that_are_faster_and_the_audio_with_them(steered):
    text = "Something else is said here"
    slow, plain, fast = (steered.synthesize(f"{text}.", with_(SEVEN, rate=dose)) for dose in (-2, 0, 2))
    spoken = [speech.words[-1].end - speech.words[0].start for speech in (slow, plain, fast)]
    np.testing.assert_allclose(np.log(np.array(spoken) / spoken[1]), np.array([2, 0, -2]) * UNITS["rate"], atol=0.1)
    marked = steered.synthesize("Something [else]{rate=-3} is said here.", SEVEN)
    longer = [(w.end - w.start) / (v.end - v.start) for w, v in zip(marked.words, plain.words, strict=True)]
    assert longer[1] > 1.4 and max(longer[0], *longer[2:]) < 1.2


def test_pitch_exchanges_the_harmonics_of_a_frame_for_those_of_another_pitch():
    steering, flat = Steering(toy_directions()), np.zeros((1, 20), np.float32)
    symbols, doses = np.array([60]), np.array([[2.0, 0, 0, 0]])
    frame = bumps(np.array([5.0]))  # one semitone under the middle
    np.testing.assert_allclose(frame + steering.offset(frame, symbols, doses), bumps(np.array([8.0])), atol=0.1)
    assert np.abs(steering.offset(flat, symbols, doses)).max() < 0.01, "a frame without harmonics has none to move"
    assert not steering.offset(frame, np.array([1]), doses).any(), "nor has a pause"
    lowered = steering.offset(frame, symbols, -doses)[0]
    assert lowered.argmax() == 2 and lowered.argmin() == 5


def test_the_vocoder_is_asked_for_the_f0_that_the_frames_do_not_show(steered):
    factors = Steering(toy_directions()).f0_factors(np.array([-3.0, 0.0, 1.5]))
    np.testing.assert_allclose(12 * np.log2(factors), [-2, 0, 1], atol=1e-5)
    mel = np.random.default_rng(1).normal(1.0, 1.0, (40, 20)).astype(np.float32)

    def vocode(factors, sizes):
        stream = VocoderStream(steered, np.random.default_rng(3), factors)
        pieces = np.split(mel, np.cumsum(sizes)[:-1])
        return np.concatenate((*map(stream.push, pieces), stream.finish()))

    plain, same = vocode(None, [40]), vocode(np.ones(40, np.float32), [40])
    assert np.array_equal(plain, same)
    rising = np.linspace(0.8, 1.3, 40).astype(np.float32)
    whole = vocode(rising, [40])
    assert np.abs(whole - plain).max() > 1e-3
    np.testing.assert_allclose(vocode(rising, [3, 1, 16, 20]), whole, atol=2e-5)


def test_sigma_multiplies_the_deviation_as_the_temperature_does(onnx_tts):
    half = onnx_tts.synthesize("Hello there.", SamplingConfig(seed=7, temperature=0.8, sigma=0.5))
    same = onnx_tts.synthesize("Hello there.", SamplingConfig(seed=7, temperature=0.4))
    np.testing.assert_allclose(half.mel, same.mel, atol=1e-4)
    mean = onnx_tts.synthesize("Hello there.", SamplingConfig(seed=8, temperature=0.8, sigma=0))
    np.testing.assert_array_equal(mean.mel, onnx_tts.synthesize("Hello there.", MEAN).mel)


def test_sigma_of_a_word_changes_nothing_before_it(onnx_tts):
    plain = onnx_tts.synthesize("One two three.", SEVEN)
    marked = onnx_tts.synthesize("One [two]{sigma=3} three.", SEVEN)
    start = frames_of_words(onnx_tts, plain)[1][0] // 4 * 4
    assert np.array_equal(marked.mel[:start], plain.mel[:start])
    assert np.abs(marked.mel[start:] - plain.mel[start:]).max() > 0.05


def test_both_backends_steer_alike(steered, torch_tts):
    sampling = SamplingConfig(seed=3, steer={"pitch": 1.5, "energy": -1, "rate": 1}, sigma=1.3)
    other = torch_tts.steered_by(steered.steering)
    one, two = (tts.synthesize("Hello [there]{brightness=2}.", sampling) for tts in (steered, other))
    assert one.words == two.words
    np.testing.assert_allclose(one.mel, two.mel, atol=1e-3)


def test_a_mapped_voice_is_steered_before_it_is_mapped(steered, tmp_path):
    entries = np.random.default_rng(0).standard_normal((300, 20)).astype(np.float16).astype(np.float32)
    facts = CodebookFacts(space="frame", size=300, n_mels=20, patch_size=1, mel={}, seed=0, n_rows=300, error=0.0)
    path = tmp_path / "book.safetensors"
    write_codebook(path, Codebook(entries, steered.mel_mean, steered.mel_std, facts))
    sampling = with_(MEAN, energy=3)
    shifted = (steered.synthesize("One two.", sampling).mel - steered.mel_mean) / steered.mel_std
    nearest = entries[np.square(shifted[:, None] - entries).sum(-1).argmin(1)] * steered.mel_std + steered.mel_mean
    np.testing.assert_allclose(steered.mapped_to(f"{path}:open").synthesize("One two.", sampling).mel, nearest, atol=1e-4)


class Grid:
    """A reader of one level, whose codes stand for tenths."""

    n_levels = 1

    def decode_codes(self, codes):
        return np.full((2, 20), codes[0, 0] / 10, np.float32)

    def encode_frames(self, frames):
        return np.array([[int(np.clip(np.round(frames.mean() * 10), 0, 30))]])


def test_mixtures_and_codes_are_steered_as_far_as_they_can_be():
    rng = np.random.default_rng(0)
    logits = np.zeros((1, 31), np.float32)
    logits[0, 5] = 50
    mixture = DENSITIES["mixture"](
        np.log(np.array([[0.3, 0.7]], np.float32)),
        rng.normal(size=(2, 2, 20)).astype(np.float32),
        np.zeros((2, 2, 20), np.float32),
    )
    frames = Delivery(np.array([60, 60]), np.tile(np.array([[0, 2.0, 0, 0]]), (2, 1)), np.ones(2))
    steering = Steering(toy_directions())
    for density in (mixture, CodesDensity(np.zeros((1, 4), np.float32), logits, Grid())):
        drawn, offset = draw(steering, density, frames, Drawing(0.5), np.random.default_rng(1))
        plain = density.sample(Drawing(0.5), np.random.default_rng(1))
        np.testing.assert_allclose(drawn - offset, plain, atol=1e-5)
        np.testing.assert_allclose(offset, 0.4, atol=1e-6)


def test_a_voice_reads_its_own_steering_and_says_what_it_is(tiny_voice, tmp_path, shared_g2p):
    folder = tmp_path / "voice"
    shutil.copytree(tiny_voice, folder)
    assert TTS.load(folder).steering is None
    write_steering(folder / STEERING_NAME, toy_directions())
    steering = TTS.load(folder).steering
    assert steering.names == ("pitch", "energy", "brightness", "rate") and steering.units == UNITS
    assert steering.description["pitch"] == "1.5 semitones"
    write_steering(folder / STEERING_NAME, toy_directions(n_symbols=40))
    with pytest.raises(InputError, match="made for 20 bands and 40 symbols"):
        TTS.load(folder)


def test_a_voice_without_steering_says_so_before_it_speaks(onnx_tts):
    for text, steer in (("One.", {"pitch": 1}), ("One. Two. [Three]{pitch=1}.", {})):
        with pytest.raises(InputError, match="has no steering"):
            next(onnx_tts.stream(text, SamplingConfig(steer=steer)))
    assert onnx_tts.synthesize("One. [Two]{sigma=0.5}.", SamplingConfig(steer={"pitch": 0})).seconds > 0


@pytest.mark.parametrize(
    ("steer", "said"),
    [({"pich": 1}, "did you mean pitch"), ({"sigma": 1}, "unknown name 'sigma'"), ({"rate": 3.1}, "take -3 to 3")],
)
def test_wrong_doses_are_refused_by_name(steer, said):
    with pytest.raises(ValueError, match=said):
        SamplingConfig(steer=steer)
