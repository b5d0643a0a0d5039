"""What mapping to a dictionary costs: processor time per mel frame, one thread, beside a step of the backbone and a softmax.

The mapping is that of inference/mapping.py. The softmax is what a head of codes does instead: a product with as many rows, and a
draw. The step is that of the bundled voice. Letters: C entries, D values of a row, F mel bands, r frames per patch.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tts.evaluation.compare.statistics import estimate_median
from tts.evaluation.machine import cpu_name
from tts.inference.engine import TTS
from tts.inference.mapping import SEARCHES, BruteSearch, FaissSearch, Metric

SIZES = tuple(2**power for power in range(8, 17))  # entries, 256 to 65,536
N_BANDS, PATCH_SIZE, HIDDEN = 100, 4, 512  # of the bundled voice
MIN_RUNS, MAX_RUNS, SECONDS = 15, 200, 0.5  # of each timing
MICRO = 1e6


def measure_costs(is_quick: bool) -> dict[str, Any]:
    """Time everything; `is_quick` times every second size only.

    Returns:
        Values of `Cost`.
    """
    rows = [row for size in SIZES[:: 2 if is_quick else 1] for row in _rows_of(size)]
    return {"cpu": cpu_name(), "rows": rows, "step": _estimate(_step(), PATCH_SIZE)}


def _rows_of(size: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(size)
    for space, n_frames, width in (("patch", PATCH_SIZE, PATCH_SIZE * N_BANDS), ("frame", 1, N_BANDS)):
        entries = rng.standard_normal((size, width), dtype=np.float32)
        for name, metric, search in _searches(entries):
            rows = rng.standard_normal((PATCH_SIZE // n_frames, width), dtype=np.float32)
            yield _row(size, f"{space}, {metric}, {name}", _bound(search.find, rows))
    yield _row(size, "softmax", _softmax(size, rng))


def _searches(entries: np.ndarray) -> Iterator[tuple[str, Metric, BruteSearch | FaissSearch]]:
    yield "brute", "euclidean", BruteSearch(entries, "euclidean")
    yield "brute", "cosine", BruteSearch(entries, "cosine")
    if importlib.util.find_spec("faiss") is not None:
        import faiss

        faiss.omp_set_num_threads(1)
        yield "faiss", "euclidean", SEARCHES["faiss"](entries, "euclidean")


def _bound(find: Callable[[np.ndarray], Any], rows: np.ndarray) -> Callable[[], Any]:
    return lambda: find(rows)


def _softmax(size: int, rng: np.random.Generator) -> Callable[[], Any]:
    """A head's last layer and a draw from its probabilities."""
    weights, hidden = rng.standard_normal((size, HIDDEN), dtype=np.float32), rng.standard_normal(HIDDEN, dtype=np.float32)

    def run() -> int:
        logits = weights @ hidden
        ends = np.exp(logits - logits.max()).cumsum()
        return int(np.searchsorted(ends, rng.random() * ends[-1]))

    return run


def _step() -> Callable[[], Any]:
    """A step of the bundled voice's backbone and head, a full window behind it."""
    tts = TTS.load()
    acoustic = tts.voice.config.acoustic
    condition = np.zeros(acoustic.encoder.width, np.float32)
    previous = np.zeros((acoustic.patch_size, acoustic.n_mels), np.float32)
    state = tts.backend.init_state()
    for _ in range(acoustic.window):
        tts.backend.step(condition, previous, state)
    return lambda: tts.backend.step(condition, previous, state)


def _row(entries: int, what: str, work: Callable[[], Any]) -> dict[str, Any]:
    return {"entries": entries, "what": what, "microseconds": _estimate(work, PATCH_SIZE)}


def _estimate(work: Callable[[], Any], n_frames: int) -> dict[str, float]:
    return estimate_median(MICRO * np.array(list(time_runs(work))) / n_frames).model_dump()


def time_runs(work: Callable[[], Any]) -> Iterator[float]:
    """Seconds of the processor for each run, after two that are not counted, until SECONDS have gone by.

    What other processes take on a busy machine is not counted.
    """
    for _ in range(2):
        work()
    end = time.perf_counter() + SECONDS
    for run in range(MAX_RUNS):
        if time.perf_counter() > end and run >= MIN_RUNS:
            return
        start = time.process_time()
        work()
        yield time.process_time() - start


def find_crossover(sizes: np.ndarray, costs: np.ndarray, other: np.ndarray) -> float | None:
    """Entries from which a cost is above another for all larger sizes, interpolated between sizes on logarithms.

    Args:
        sizes: (n,) entries, rising.
        costs: (n,) microseconds.
        other: (n,) microseconds of what it is compared with.

    Returns:
        None where it is below at the largest size; the smallest size where it is always above.
    """
    gap = np.log(costs) - np.log(other)
    if gap[-1] <= 0:
        return None
    below = np.flatnonzero(gap <= 0)
    if not len(below):
        return float(sizes[0])
    last = int(below[-1])
    share = -gap[last] / (gap[last + 1] - gap[last])
    return float(np.exp(np.log(sizes[last]) + share * (np.log(sizes[last + 1]) - np.log(sizes[last]))))
