"""Audio files, written whole and piece by piece."""

import librosa
import numpy as np
import pytest
import soundfile as sf

from tts.audio.io import FORMATS, open_audio, read_mono, to_pcm16, wav_stream_header, write_audio
from tts.errors import InputError


@pytest.fixture(scope="module")
def tone():
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000)).astype(np.float32)


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_written_can_be_read(tone, tmp_path, suffix):
    path = tmp_path / f"tone{suffix}"
    write_audio(path, tone, 24_000)
    audio, rate = read_mono(path)
    audio = librosa.resample(audio, orig_sr=rate, target_sr=24_000)  # Opus is read at 48 kHz
    assert abs(len(audio) - len(tone)) <= 2400
    middle = audio[8000:12_000]
    assert np.abs(np.fft.rfft(middle * np.hanning(4000))).argmax() == pytest.approx(440 * 4000 / 24_000, abs=1)
    assert middle.std() == pytest.approx(0.5 / 2**0.5, rel=0.05)


def test_wav_and_flac_keep_every_sample(tone, tmp_path):
    for suffix in (".wav", ".flac"):
        write_audio(tmp_path / f"tone{suffix}", tone, 24_000)
        assert np.array_equal(sf.read(tmp_path / f"tone{suffix}", dtype="int16")[0], to_pcm16(tone))


def test_pieces_give_the_same_file_as_the_whole(tone, tmp_path):
    write_audio(tmp_path / "whole.wav", tone, 24_000)
    with open_audio(tmp_path / "pieces.wav", 24_000) as write:
        for piece in np.split(tone, [0, 1, 500, 20_000]):
            write(piece)
    assert (tmp_path / "pieces.wav").read_bytes() == (tmp_path / "whole.wav").read_bytes()


def test_a_failure_keeps_the_file_that_was_there(tone, tmp_path):
    path = tmp_path / "tone.wav"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), open_audio(path, 24_000) as write:
        write(tone)
        assert path.read_bytes() == b"before"
        raise ZeroDivisionError
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "said"), [("a.doc", "unknown suffix .* for audio"), ("", "is a folder"), ("no/a.wav", "no folder")]
)
def test_a_wrong_path_is_refused(tone, tmp_path, name, said):
    with pytest.raises(InputError, match=said):
        write_audio(tmp_path / name, tone, 24_000)
    assert list(tmp_path.iterdir()) == []


def test_loud_samples_are_clipped():
    assert to_pcm16(np.array([2.0, -2.0, 0.5])).tolist() == [32767, -32767, 16384]


def test_a_stream_can_be_read_as_wav(tone, tmp_path):
    path = tmp_path / "stream.wav"
    path.write_bytes(wav_stream_header(24_000) + to_pcm16(tone).tobytes())
    audio, rate = sf.read(path, dtype="int16")
    assert rate == 24_000 and np.array_equal(audio, to_pcm16(tone))


def test_what_is_no_audio_is_refused(tmp_path):
    (tmp_path / "text.wav").write_text("no audio")
    write_audio(tmp_path / "empty.wav", np.zeros(0, np.float32), 24_000)
    for name, said in (("text.wav", "cannot be read"), ("none.wav", "cannot be read"), ("empty.wav", "holds no audio")):
        with pytest.raises(InputError, match=said):
            read_mono(tmp_path / name)
