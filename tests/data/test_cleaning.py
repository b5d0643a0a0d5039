"""What is done to a clip, and what is not."""

import numpy as np
import pyloudnorm
import pytest
import soundfile as sf
from toy_corpus import write_manifest
from toy_speech import speech, text_of

from tts.data.clean import FLAT_RUN, PrepareConfig, check_length, flat_share, set_loudness
from tts.data.clips import BadClip, Clip
from tts.data.dataset import FeatureFolder
from tts.data.prepare import prepare
from tts.data.recording import mix_down, read_recording

RATE = 24_000


@pytest.mark.parametrize("gain", [0.05, 1.0])
def test_every_clip_is_brought_to_the_same_loudness(gain):
    audio = set_loudness(gain * speech(text_of(4)), RATE, -23)
    assert pyloudnorm.Meter(RATE).integrated_loudness(audio.astype(float)) == pytest.approx(-23, abs=0.1)


def test_loudness_is_one_gain_for_the_clip_and_never_clips():
    audio = speech(text_of(4))
    loud = set_loudness(audio, RATE, -5)
    assert np.abs(loud).max() == pytest.approx(10 ** (-1 / 20), abs=1e-3)
    np.testing.assert_allclose(loud, audio * (loud.max() / audio.max()), atol=1e-6)
    assert np.isfinite(set_loudness(audio[3_000:3_050], RATE, -23)).all(), "shorter than a block"


def test_loudness_and_trimming_follow_the_settings(tmp_path):
    sf.write(tmp_path / "a.wav", np.concatenate((np.zeros(RATE), 0.1 * speech(text_of(0)))), RATE)
    write_manifest(tmp_path, [{"id": "a", "audio": "a.wav", "text": text_of(0)}])
    sizes = {}
    for name, config in {"plain": {}, "loud": {"loudness": -20.0}, "whole": {"trim": False}}.items():
        list(prepare(tmp_path, tmp_path / name, config=PrepareConfig(**config)))
        utterance = FeatureFolder(tmp_path / name, "train")[0]
        sizes[name] = len(utterance.mel), int(np.abs(utterance.waveform).max())
    assert sizes["loud"][0] == sizes["plain"][0] and sizes["loud"][1] > 3 * sizes["plain"][1]
    assert sizes["whole"][0] > sizes["plain"][0] + 80 and sizes["whole"][1] == sizes["plain"][1]


def test_flat_tops_are_counted_and_round_ones_are_not():
    wave = np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE).astype(np.float32)
    assert flat_share(wave) < 0.01
    assert flat_share(np.clip(2 * wave, -1, 1)) == pytest.approx(2 / 3, abs=0.02)
    assert flat_share(0.01 * np.round(wave, 1)) == 0, "steps of a quiet recording"
    assert FLAT_RUN == 3


@pytest.mark.parametrize(
    ("seconds", "n_tokens", "kind"),
    [(0.01, 1, "too short"), (50, 400, "too long"), (2, 90, "rate"), (4, 3, "rate"), (0.4, 16, ""), (1.2, 1, ""), (3, 40, "")],
)
def test_lengths_are_looked_at_beside_the_transcript(seconds, n_tokens, kind):
    if kind:
        with pytest.raises(BadClip) as caught:
            check_length(seconds, n_tokens, PrepareConfig())
        assert caught.value.kind == kind
    else:
        check_length(seconds, n_tokens, PrepareConfig())


def test_channels_that_cancel_each_other_are_not_lost():
    audio = speech(text_of(0))
    np.testing.assert_array_equal(mix_down(np.stack((audio, -audio), axis=1)), audio)
    np.testing.assert_allclose(mix_down(np.stack((audio, 0 * audio), axis=1)), audio / 2)


def test_samples_of_minus_one_are_no_mp3(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"\xff\xff\x00\x00" * 2_000)  # a file without its header, as libsndfile takes for MPEG layer I
    with pytest.raises(BadClip) as caught:
        read_recording(Clip("a", path, ""), 10)
    assert caught.value.kind == "unreadable"
    sf.write(tmp_path / "a.mp3", speech(text_of(0)), RATE)
    assert len(read_recording(Clip("a", (tmp_path / "a.mp3").rename(tmp_path / "b.dat"), ""), 10)[0])


def test_a_part_of_a_recording_is_read(tmp_path):
    audio = np.arange(RATE, dtype=np.float32) / RATE
    sf.write(tmp_path / "a.wav", audio, RATE, subtype="FLOAT")
    samples, rate = read_recording(Clip("a", tmp_path / "a.wav", "", 0.25, 0.5), 10)
    assert rate == RATE
    np.testing.assert_array_equal(samples[:, 0], audio[6_000:12_000])
    for start, end in ((0.5, 0.5), (-1, 0.5), (0.5, 2.0)):
        with pytest.raises(BadClip, match=r"of 1\.00 s of audio cannot be taken"):
            read_recording(Clip("a", tmp_path / "a.wav", "", start, end), 10)
