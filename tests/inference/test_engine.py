"""The engine: streams, their joins, their order, their seeds."""

import dataclasses

import numpy as np
import pytest

from tts import TTS, InputError, SamplingConfig
from tts.inference.engine import VocoderStream
from tts.models.codebook import Codebook, CodebookFacts, write_codebook

TEXT = "Hello there, world. [pause:0.2] This is the second sentence, and it is longer.\n\nOne."
SEVEN = SamplingConfig(seed=7)


def test_synthesize_is_the_join_of_stream(onnx_tts):
    unknown = {}
    chunks = list(onnx_tts.stream(TEXT, SEVEN, unknown))
    speech = onnx_tts.synthesize(TEXT, SEVEN)
    assert np.array_equal(np.concatenate([chunk.audio for chunk in chunks]), speech.audio)
    assert np.array_equal(np.concatenate([chunk.mel for chunk in chunks if len(chunk.mel)]), speech.mel)
    assert [word for chunk in chunks for word in chunk.words] == speech.words
    assert speech.audio.dtype == np.float32 and speech.audio.std() > 1e-3 and speech.unknown == unknown
    starts = np.cumsum([0, *(len(chunk.audio) for chunk in chunks)])[:-1] / onnx_tts.sample_rate
    np.testing.assert_allclose([chunk.start for chunk in chunks], starts, atol=1e-9)


def test_the_first_chunk_leaves_before_the_sentence_is_finished(onnx_tts, monkeypatch):
    steps = []
    step = onnx_tts.backend.step
    monkeypatch.setattr(onnx_tts.backend, "step", lambda *arguments: steps.append(1) or step(*arguments))
    stream = onnx_tts.stream("This is a sentence that is long enough to be spoken in several chunks.", SEVEN)
    assert len(next(stream).audio) and len(steps) == 4
    list(stream)
    assert len(steps) > 40


def test_interleaved_streams_do_not_disturb_each_other(onnx_tts):
    texts = ["Hello there, world.", "Something else is said here.", "One."]
    alone = [onnx_tts.synthesize(text, SEVEN).audio for text in texts]
    streams = [onnx_tts.stream(text, SEVEN) for text in texts]
    parts = [[] for _ in texts]
    running = list(range(len(texts)))
    while running:
        for index in list(running):
            chunk = next(streams[index], None)
            if chunk is None:
                running.remove(index)
            else:
                parts[index].append(chunk.audio)
    for audio, pieces in zip(alone, parts, strict=True):
        assert np.array_equal(np.concatenate(pieces), audio)


def test_the_seed_decides_and_is_told(onnx_tts):
    first = onnx_tts.synthesize("Hello.")
    assert np.array_equal(onnx_tts.synthesize("Hello.", SamplingConfig(seed=first.seed)).audio, first.audio)
    assert not np.array_equal(onnx_tts.synthesize("Hello.", SamplingConfig(seed=first.seed + 1)).audio, first.audio)


def test_a_sentence_does_not_hang_on_what_is_said_after_it(onnx_tts):
    short, long = (onnx_tts.synthesize(text, SEVEN).audio for text in ("Hello there.", "Hello there. And more."))
    assert np.array_equal(long[: len(short)], short)


def test_pauses_are_as_long_as_they_are_written(onnx_tts):
    plain = onnx_tts.synthesize("One. Two.", SamplingConfig(seed=7, pause=0))
    longer = onnx_tts.synthesize("One. Two.", SamplingConfig(seed=7, pause=0.5))
    marked = onnx_tts.synthesize("One. [pause:0.5] Two.", SamplingConfig(seed=7, pause=0.15))
    assert longer.seconds - plain.seconds == pytest.approx(0.5)
    assert np.array_equal(longer.audio, marked.audio)


def test_words_are_in_order_and_inside_the_audio(onnx_tts):
    speech = onnx_tts.synthesize(TEXT, SEVEN)
    assert [word.text for word in speech.words][:5] == ["Hello", "there", "world", "This", "is"]
    borders = [border for word in speech.words for border in (word.start, word.end)]
    assert borders == sorted(borders) and borders[-1] <= speech.seconds
    assert speech.words[3].start - speech.words[2].end >= 0.2


def test_the_rule_of_temperature_zero_is_the_mean(onnx_tts, torch_tts):
    first, again, reference = (
        tts.synthesize("Hello.", SamplingConfig(seed=seed, temperature=0))
        for tts, seed in ((onnx_tts, 1), (onnx_tts, 2), (torch_tts, 3))
    )
    assert np.array_equal(first.mel, again.mel)
    np.testing.assert_allclose(first.mel, reference.mel, atol=1e-4)


def test_a_text_without_speech_is_refused(onnx_tts):
    for text in ("", " ", "…", "[pause:1]"):
        with pytest.raises(InputError, match="nothing to speak"):
            onnx_tts.synthesize(text)


def chunked(tts: TTS, mel, sizes):
    stream = VocoderStream(tts, np.random.default_rng(3))
    parts, start = [], 0
    for size in sizes:
        parts.append(stream.push(mel[start : start + size]))
        start += size
    assert start == len(mel)
    return np.concatenate((*parts, stream.finish()))


@pytest.mark.parametrize("sizes", [[1] * 40, [3, 1, 16, 20], [39, 1], [2, 38], [4] * 10])
def test_the_vocoder_gives_the_same_for_any_chunks(onnx_tts, sizes):
    mel = np.random.default_rng(1).normal(1.0, 1.0, (40, 20)).astype(np.float32)
    whole = chunked(onnx_tts, mel, [40])
    assert len(whole) == 40 * 256
    np.testing.assert_allclose(chunked(onnx_tts, mel, sizes), whole, atol=2e-5)


def test_an_utterance_of_three_frames_has_three_hops(onnx_tts):
    mel = np.ones((3, 20), np.float32)
    assert len(chunked(onnx_tts, mel, [1, 1, 1])) == len(chunked(onnx_tts, mel, [3])) == 3 * 256


def test_the_pace_of_a_voice_is_what_speed_one_means(onnx_tts, monkeypatch):
    fast = onnx_tts.synthesize("Hello there, world.", SamplingConfig(seed=7, speed=1.25))
    config = onnx_tts.voice.config.model_copy(update={"pace": 1.25})
    monkeypatch.setattr(onnx_tts, "voice", dataclasses.replace(onnx_tts.voice, config=config))
    assert np.array_equal(onnx_tts.synthesize("Hello there, world.", SEVEN).audio, fast.audio)


@pytest.fixture
def book(onnx_tts, tmp_path):
    """File of a codebook of 300 random frames, and its entries in natural-log mel."""
    entries = np.random.default_rng(0).standard_normal((300, 20)).astype(np.float16).astype(np.float32)
    facts = CodebookFacts(space="frame", size=300, n_mels=20, patch_size=1, mel={}, seed=0, n_rows=300, error=0.0)
    write_codebook(tmp_path / "book.safetensors", Codebook(entries, onnx_tts.mel_mean, onnx_tts.mel_std, facts))
    return tmp_path / "book.safetensors", entries * onnx_tts.mel_std + onnx_tts.mel_mean


def nearest(mel, entries, tts):
    distance = np.square((mel[:, None] - entries) / tts.mel_std).sum(-1)
    return entries[distance.argmin(1)]


def test_a_mapped_voice_that_hears_its_draws_says_the_entries_nearest_to_what_it_would_have_said(onnx_tts, book):
    path, entries = book
    plain = onnx_tts.synthesize("One two.", SamplingConfig(seed=1)).mel
    mapped = onnx_tts.mapped_to(f"{path}:open").synthesize("One two.", SamplingConfig(seed=1)).mel
    np.testing.assert_allclose(mapped, nearest(plain, entries, onnx_tts), atol=1e-4)


def test_a_mapped_voice_that_hears_its_entries_says_entries_but_goes_another_way(onnx_tts, book):
    path, entries = book
    mapped = onnx_tts.mapped_to(str(path)).synthesize("One two.", SamplingConfig(seed=1)).mel
    np.testing.assert_allclose(mapped, nearest(mapped, entries, onnx_tts), atol=1e-4)
    opened = onnx_tts.mapped_to(f"{path}:open").synthesize("One two.", SamplingConfig(seed=1)).mel
    assert np.abs(mapped - opened).max() > 0.1


def test_mapping_leaves_the_voice_that_it_was_asked_of_alone(onnx_tts, book):
    before = onnx_tts.synthesize("One.", SamplingConfig(seed=1)).audio
    onnx_tts.mapped_to(str(book[0]))
    np.testing.assert_array_equal(onnx_tts.synthesize("One.", SamplingConfig(seed=1)).audio, before)
