"""recipes/asterisk: what the transcripts say, the corpus that comes of the packages, the band above 8 kHz, likeness."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

sys.path.insert(0, str(Path(__file__).parents[2] / "recipes" / "asterisk"))

import fetch
import similarity
import widen
from prompts import read_prompts, split_of

from tts.errors import InputError

TEXT = """; Core Asterisk Sounds in English

activated: Activated.
conf-unmuted: You are now unmuted
beep: [this is a simple beep tone]
confbridge-join: <beep ascending>
silence/1: (1 second of silence)
dictate/both_help: press * to toggle pause, press # to enter a new dictation filename
letters/i: i
letters/at: at [@]
letters/space: space [ ]
digits/h-40: fourtieth
spy-iax2: IAX (note: does not say "2")
vm-intro: Please leave your message after the tone. (simple tone sound plays)
vm-num-i-have: the number i have is
priv-callpending: I have a caller waiting, who introduces themselves as:
missing: This one has no recording.
"""


def test_transcripts_become_what_is_said():
    assert read_prompts(TEXT) == {
        "activated": "Activated.",
        "conf-unmuted": "You are now unmuted",
        "dictate/both_help": "press star to toggle pause, press pound to enter a new dictation filename",
        "letters/i": "I",
        "letters/at": "at",
        "letters/space": "space",
        "digits/h-40": "fortieth",
        "spy-iax2": "IAX",
        "vm-intro": "Please leave your message after the tone.",
        "vm-num-i-have": "the number I have is",
        "priv-callpending": "I have a caller waiting, who introduces themselves as:",
        "missing": "This one has no recording.",
    }


def test_what_is_said_twice_is_never_on_both_sides():
    assert split_of("Please try again.") == split_of("please try again")
    splits = [split_of(f"prompt {number}") for number in range(1_000)]
    assert 70 < splits.count("valid") < 130


def write_g722(path: Path, hz: float) -> None:
    """Half a second of a tone."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    samples = (8_000 * np.sin(2 * np.pi * hz * np.arange(8_000) / 16_000)).astype(np.int16)
    with av.open(str(path), "w", format="g722") as container:
        stream = container.add_stream("g722", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


@pytest.fixture
def unpacked(tmp_path) -> Path:
    """The two packages as dpkg-deb unpacks them, with one recording for each prompt but the last."""
    root = tmp_path / "root"
    documents = root / "usr/share/doc" / fetch.TEXTS
    documents.mkdir(parents=True)
    (documents / "core-sounds-en.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    (documents / "copyright").write_text("License: CC-BY-SA-3.0\n")
    for index, name in enumerate(read_prompts(TEXT)):
        if name != "missing":
            write_g722(root / fetch.SPEAKER / f"{name}.g722", 300 + 40 * index)
    return root


def test_the_packages_become_a_corpus(unpacked, tmp_path):
    assert fetch.write_corpus(unpacked, tmp_path / "corpus") == 11
    rows = [json.loads(line) for line in (tmp_path / "corpus" / "manifest.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows][:4] == ["activated", "conf-unmuted", "dictate-both_help", "letters-i"]
    audio, rate = sf.read(tmp_path / "corpus" / rows[0]["audio"])
    peak = np.abs(np.fft.rfft(audio)).argmax() * rate / len(audio)
    assert rate == 16_000 and abs(len(audio) - 8_000) < 400 and abs(peak - 300) < 4
    assert "CC-BY-SA-3.0" in (tmp_path / "corpus" / "copyright").read_text()


def test_where_there_is_no_apt_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no apt-get here; .* asterisk-core-sounds-en-g722"):
        fetch.download(tmp_path)
    with pytest.raises(InputError, match=r"no asterisk-core-sounds-en_\*.deb here"):
        fetch.unpack(tmp_path)


def test_the_upper_band_is_learned_whatever_the_colour_of_the_recording(monkeypatch):
    monkeypatch.setattr(widen, "STEPS", 200)
    monkeypatch.setattr(widen, "BATCH", 64)
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(600, 3)) @ rng.normal(size=(3, 12))
    mels = [rows.astype(np.float32) for rows in np.split(factors, 6)]
    widener = widen.Widener(mels, 8)
    colour = rng.normal(size=8)
    recording = np.concatenate((mels[0][:, :8] * 1.5 + colour, np.full((100, 4), -11.5)), axis=1)
    mean, std = widener.mean.copy(), widener.std.copy()
    mean[:8], std[:8] = mean[:8] * 1.5 + colour, std[:8] * 1.5
    told = widener(recording, mean, std)
    np.testing.assert_array_equal(told[:, :8], recording[:, :8].astype(np.float32))
    free = mels[0][:, 8:] < recording[:, 2:8].max(1, keepdims=True)  # no band is louder than those below it
    assert np.abs(told[:, 8:] - mels[0][:, 8:])[free].mean() < 0.5 * mels[0][:, 8:].std()


def test_a_recordings_own_band_stays_as_it_is():
    rng = np.random.default_rng(0)
    recording, copy = 0.1 * rng.normal(size=24_000), 0.1 * rng.normal(size=23_900)
    added = np.abs(np.fft.rfft(widen.add_upper_band(recording, copy, 24_000) - recording))
    hz = np.fft.rfftfreq(24_000, 1 / 24_000)
    assert added[hz < 7_000].max() < 0.03 * added[hz > 8_500].mean()
    assert 80 < widen.lower_bands(100, 24_000) < 90


def test_likeness_is_the_cosine_of_the_mean_embeddings():
    one, other = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    of_sets, of_files = similarity.compare(one, other)
    assert of_sets == pytest.approx(0.5**0.5) and of_files.tolist() == [0.0, 1.0]


def test_a_set_is_the_held_out_clips_of_a_corpus_or_the_files_of_a_folder(tmp_path):
    for name, seconds in (("a", 2), ("b", 2), ("c", 0.5)):
        sf.write(tmp_path / f"{name}.wav", np.zeros(int(seconds * 8_000)), 8_000)
    rows = [{"audio": "a.wav", "split": "train"}, {"audio": "b.wav", "split": "valid"}, {"audio": "c.wav", "split": "valid"}]
    assert [path.stem for path in similarity.read_set(tmp_path)] == ["a", "b", "c"]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [path.stem for path in similarity.read_set(tmp_path)] == ["b"]
