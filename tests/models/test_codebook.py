"""The file of a codebook."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from tts.errors import InputError
from tts.models.codebook import read_codebook, write_codebook


@pytest.mark.parametrize("space", ["frame", "patch"])
def test_a_codebook_comes_back_as_it_was(codebook, space, tmp_path):
    made = codebook(space)
    write_codebook(tmp_path / "book.safetensors", made)
    again = read_codebook(tmp_path / "book.safetensors")
    assert again.facts == made.facts
    for name in ("entries", "mel_mean", "mel_std"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))


def test_entries_keep_their_mel_on_another_scale(codebook):
    made = codebook("patch")
    mean, std = np.full(5, 3.0, np.float32), np.full(5, 0.5, np.float32)
    mel = made.entries.reshape(32, 2, 5) * made.mel_std + made.mel_mean
    again = made.rescale(mean, std).reshape(32, 2, 5) * std + mean
    np.testing.assert_allclose(again, mel, atol=1e-5)


def test_what_is_no_codebook_is_refused(codebook, tmp_path):
    path = tmp_path / "book.safetensors"
    with pytest.raises(InputError, match="no readable codebook"):
        read_codebook(path)
    path.write_bytes(b"garbage")
    with pytest.raises(InputError, match="no readable codebook"):
        read_codebook(path)
    save_file({"entries": np.zeros((2, 2), np.float32)}, path)
    with pytest.raises(InputError, match="but no codebook"):
        read_codebook(path)
    made = codebook("frame")
    write_codebook(path, type(made)(made.entries[:5], made.mel_mean, made.mel_std, made.facts))
    with pytest.raises(InputError, match="does not hold the 32 entries"):
        read_codebook(path)
