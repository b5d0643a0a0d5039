"""Mapping to a dictionary: the nearest entry, however it is searched."""

import numpy as np
import pytest

from tts.errors import InputError
from tts.inference import mapping
from tts.inference.mapping import SEARCHES, Mapper, MapSpec, open_mapper, parse_map_spec
from tts.inference.voices import CODEBOOK_NAME
from tts.models.codebook import write_codebook

MEAN, STD = np.zeros(5, np.float32), np.ones(5, np.float32)


def distances(rows: np.ndarray, entries: np.ndarray, metric: str) -> np.ndarray:
    """(n, C) by their definitions, in float64."""
    rows, entries = rows.astype(np.float64), entries.astype(np.float64)
    if metric == "euclidean":
        return np.linalg.norm(rows[:, None] - entries[None], axis=-1)
    lengths = np.linalg.norm(rows, axis=1)[:, None] * np.linalg.norm(entries, axis=1)[None]
    return 1 - rows @ entries.T / lengths


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("size", [64, 3_000])
def test_the_nearest_entry_is_found(search, metric, size):
    rng = np.random.default_rng(size)
    entries, rows = rng.normal(0.3, 1, (size, 12)), rng.normal(0, 1, (50, 12)).astype(np.float32)
    found = SEARCHES[search](entries, metric).find(rows)
    assert found.shape == (50,) and found.dtype == np.int64
    np.testing.assert_array_equal(found, distances(rows, entries, metric).argmin(1))


def test_the_two_metrics_differ():
    entries, row = np.array([[1.0, 0.0], [0.4, 0.4]]), np.array([[0.3, 0.0]], np.float32)
    assert SEARCHES["brute"](entries, "euclidean").find(row) == [1]
    assert SEARCHES["brute"](entries, "cosine").find(row) == [0]


@pytest.mark.parametrize(("space", "n_indices"), [("frame", 2), ("patch", 1)])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_a_patch_becomes_what_the_codebook_has(codebook, space, n_indices, metric):
    book = codebook(space)
    mapper = Mapper(book, book.mel_mean, book.mel_std, 2, MapSpec("book", metric))
    frames = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
    mapped, indices = mapper.map(frames)
    assert mapped.shape == (2, 5) and indices.shape == (n_indices,)
    np.testing.assert_allclose(mapped.reshape(n_indices, -1), book.entries[indices], atol=1e-5)
    again, same = mapper.map(mapped)
    np.testing.assert_array_equal(again, mapped)
    np.testing.assert_array_equal(same, indices)


def test_entries_are_brought_to_the_scale_of_the_voice(codebook):
    book = codebook("frame")
    entry = (book.entries[7] * book.mel_std + book.mel_mean - 3.0) / 0.5
    mapped, indices = Mapper(book, MEAN + 3.0, STD * 0.5, 1, MapSpec("book")).map(entry[None].astype(np.float32))
    assert indices.tolist() == [7]
    np.testing.assert_allclose(mapped[0], entry, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("codebook", MapSpec("codebook")),
        ("codebook:euclidean", MapSpec("codebook", "euclidean", "brute", True)),
        ("codebook:cosine:faiss:open", MapSpec("codebook", "cosine", "faiss", False)),
        ("a/b.safetensors:open:cosine", MapSpec("a/b.safetensors", "cosine", "brute", False)),
        (r"C:\b.safetensors:cosine", MapSpec(r"C:\b.safetensors", "cosine")),
    ],
)
def test_a_spec_says_what_is_mapped_to_and_how(text, expected):
    assert parse_map_spec(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (":euclidean", "names no codebook"),
        ("", "names no codebook"),
        ("codebook:manhattan", "unknown word 'manhattan'; take euclidean, cosine"),
        ("codebook:", "unknown word ''"),
        ("codebook:cosine:euclidean", "one word too many"),
        ("codebook:open:open", "one word too many"),
    ],
)
def test_a_wrong_spec_gets_a_line(text, said):
    with pytest.raises(InputError, match=said):
        parse_map_spec(text)


def test_the_word_codebook_is_the_voices_own(codebook, tmp_path):
    with pytest.raises(InputError, match=f"the voice {tmp_path.name} has no codebook"):
        open_mapper("codebook:cosine", tmp_path, MEAN, STD, 2)
    write_codebook(tmp_path / CODEBOOK_NAME, codebook("patch"))
    mapper = open_mapper("codebook:cosine:open", tmp_path, MEAN, STD, 2)
    assert mapper.entries.shape == (32, 10) and not mapper.is_fed_back
    with pytest.raises(InputError, match="no such file"):
        open_mapper(f"{tmp_path}/none:cosine", tmp_path, MEAN, STD, 2)


def test_a_codebook_of_other_frames_is_refused(codebook):
    for book, n_bands, size in ((codebook("patch"), 5, 4), (codebook("frame"), 4, 2)):
        with pytest.raises(InputError, match="but the voice speaks in patches"):
            Mapper(book, MEAN[:n_bands], STD[:n_bands], size, MapSpec("book"))


def test_a_missing_faiss_is_named_with_its_extra(codebook, monkeypatch):
    monkeypatch.setattr(mapping.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"extra \[faiss\]"):
        Mapper(codebook("frame"), MEAN, STD, 2, MapSpec("book", search="faiss"))
