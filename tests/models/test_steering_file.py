"""The file of a voice's directions."""

from dataclasses import fields, replace

import numpy as np
import pytest
from toy_steering import toy_directions

from tts.errors import InputError
from tts.models.steering import read_steering, smooth_bands, write_steering


def test_directions_are_read_as_they_were_written(tmp_path):
    made = toy_directions().calibrated(np.full((3, 3), 0.5), np.array([-1.0, 0, 1]), np.array([-0.1, 0, 0.2]), 4)
    write_steering(tmp_path / "steering.safetensors", made)
    read = read_steering(tmp_path / "steering.safetensors")
    assert read.facts == made.facts and read.facts.n_calibrated == 4
    for field in fields(made):
        if field.name != "facts":
            np.testing.assert_allclose(getattr(read, field.name), getattr(made, field.name), rtol=1e-6, err_msg=field.name)


def test_what_is_no_steering_is_refused(tmp_path):
    path = tmp_path / "steering.safetensors"
    with pytest.raises(InputError, match="no readable steering"):
        read_steering(path)
    path.write_bytes(b"nothing of ours")
    with pytest.raises(InputError, match="no readable steering"):
        read_steering(path)
    for wrong in ({"templates": np.zeros((25, 7))}, {"stretch": np.zeros(3)}, {"inner": np.array([99] * 17)}):
        write_steering(path, replace(toy_directions(), **wrong))
        with pytest.raises(InputError, match="do not fit together"):
            read_steering(path)


def test_smoothing_keeps_what_is_flat_and_takes_out_harmonics():
    flat, harmonics = np.full((1, 100), 2.0), np.cos(np.arange(100)[None] * np.pi / 3)
    np.testing.assert_allclose(smooth_bands(flat), flat)
    assert np.abs(smooth_bands(harmonics)[:, 10:90]).max() < 0.02
