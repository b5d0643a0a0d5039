"""Files that are complete or not there, checkpoints that survive a kill, weights that are no pickles."""

import os
import pickle

import pytest
import torch

from tts.checkpoint import load_checkpoint, load_weights, replacing, save_checkpoint, save_weights
from tts.errors import InputError


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    state = {"step": 7, "weights": {"a": torch.randn(3, 4)}, "rng": torch.get_rng_state()}
    save_checkpoint(tmp_path / "checkpoint.pt", state)
    again = load_checkpoint(tmp_path / "checkpoint.pt")
    assert again["step"] == 7 and torch.equal(again["weights"]["a"], state["weights"]["a"])
    assert torch.equal(again["rng"], state["rng"])


def test_there_is_no_checkpoint_before_the_first(tmp_path):
    assert load_checkpoint(tmp_path / "checkpoint.pt") is None


def test_the_checkpoint_before_stays_and_serves_when_the_newest_is_missing(tmp_path):
    path = tmp_path / "checkpoint.pt"
    for step in range(3):
        save_checkpoint(path, {"step": step})
    assert names(tmp_path) == ["checkpoint.pt", "previous.pt"]
    path.unlink()  # as after a crash between the two renames
    assert load_checkpoint(path) == {"step": 1}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})
    with pytest.raises((pickle.PicklingError, AttributeError)):
        save_checkpoint(path, {"step": lambda: None})
    assert load_checkpoint(path) == {"step": 1}
    assert names(tmp_path) == ["checkpoint.pt"]


def test_a_process_that_dies_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})
    child = os.fork()
    if not child:
        with replacing(path) as temporary:
            temporary.write_bytes(b"half a checkpoi")
            os._exit(9)  # no clean-up, as after SIGKILL
    os.waitpid(child, 0)
    assert load_checkpoint(path) == {"step": 1}


class Touch:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def damaged_files(folder) -> list[bytes]:
    save_checkpoint(folder / "good.pt", {"step": 1, "weights": torch.randn(2_000)})
    good = (folder / "good.pt").read_bytes()
    return [b"", b"hello", good[: len(good) // 2], good[:100], b"\x80\x02N.", pickle.dumps(Touch(str(folder / "touched")))]


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_damaged_checkpoint_is_one_clear_line_and_runs_no_code(tmp_path):
    path = tmp_path / "checkpoint.pt"
    for damaged in damaged_files(tmp_path):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"checkpoint.pt: no readable checkpoint") as caught:
            load_checkpoint(path)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "touched").exists()


def test_weights_come_back_as_they_were(tmp_path):
    tensors = {"a": torch.randn(4, 3).T, "b": torch.arange(3).half()}
    save_weights(tmp_path / "model.safetensors", tensors, {"from": "a test"})
    again = load_weights(tmp_path / "model.safetensors")
    assert again.keys() == tensors.keys()
    for name, value in tensors.items():
        assert torch.equal(again[name], value) and again[name].dtype == value.dtype


def test_a_pickle_or_a_missing_file_is_no_weights(tmp_path):
    path = tmp_path / "model.safetensors"
    for damaged in damaged_files(tmp_path):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="no readable safetensors file"):
            load_weights(path)
    assert not (tmp_path / "touched").exists()
    with pytest.raises(InputError, match=r"none\.safetensors"):
        load_weights(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="no readable safetensors file"):
        load_weights(tmp_path)
