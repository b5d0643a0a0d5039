import subprocess
import sys

import numpy as np
import pytest
import soundfile as sf

from tts.errors import InputError
from tts.evaluation.listen import LISTEN_RATE, load_normalizer, read_resampled, require


def test_audio_of_any_rate_is_read_as_mono_at_16_khz(tmp_path):
    pytest.importorskip("torchaudio")
    stereo = np.stack((np.full(24_000, 0.2), np.full(24_000, 0.4)), axis=1)
    sf.write(tmp_path / "a.wav", stereo, 24_000)
    audio = read_resampled(tmp_path / "a.wav")
    assert audio.shape == (LISTEN_RATE,)
    assert audio.dtype == np.float32
    assert audio[4000:12000].mean() == pytest.approx(0.3, abs=1e-3)


def test_what_is_no_audio_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no audio")
    sf.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    for name in ("a.wav", "empty.wav", "missing.wav"):
        with pytest.raises(InputError, match=name):
            read_resampled(tmp_path / name)


def test_a_missing_package_is_named_with_the_extra_that_brings_it():
    with pytest.raises(InputError, match=r"no-such-package: pip install 'calm-tts\[eval\]'"):
        require("numpy", "no_such_package")


def test_the_normalizer_makes_spellings_alike():
    pytest.importorskip("whisper_normalizer")
    normalize = load_normalizer()
    assert normalize("Mr. O'Neil won't come, I've heard; twenty-one!") == normalize("mister O'Neil will not come I have heard 21")


def test_measuring_speed_needs_no_torch_and_no_recogniser():
    code = "import sys, tts.evaluation.bench, tts.evaluation.marathon as _; print({'torch', 'jiwer'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
