"""Row jobs: every part once and in order, whatever runs them."""

import os
from pathlib import Path

import pytest

from tts.data.rows import Finished, LocalRunner, Part, open_runner
from tts.errors import InputError


def double(part: Part[int]) -> list[int]:
    return [2 * row for row in part.rows]


def end_the_process(part: Part[int]) -> list[int]:
    if part.number == 3:
        os._exit(1)
    return part.rows


def refuse(part: Part[int]) -> list[int]:
    raise InputError(f"part {part.number} is bad")


def parts(n_parts: int, read: list[int] | None = None):
    for number in range(n_parts):
        if read is not None:
            read.append(number)
        yield Finished([-number]) if number % 5 == 4 else Part(number, [number, number], Path("none"))


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_once_and_in_order_and_few_parts_are_read_ahead(workers):
    read: list[int] = []
    results = LocalRunner(workers).run(double, parts(40, read))
    for number, result in enumerate(results):
        assert result == ([-number] if number % 5 == 4 else [2 * number] * 2)
        assert len(read) - number <= 3 * workers + 2
    assert number == 39


def test_a_process_that_ends_stops_the_run_with_a_remedy():
    results = LocalRunner(2).run(end_the_process, parts(40))
    with pytest.raises(InputError, match=r"ended in the middle of its work.*fewer --workers"):
        list(results)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_job_refuses_reaches_the_caller(workers):
    with pytest.raises(InputError, match="part 0 is bad"):
        list(LocalRunner(workers).run(refuse, parts(8)))


def test_an_unknown_runner_is_refused():
    assert open_runner("local", 3, "auto") == LocalRunner(3)
    with pytest.raises(InputError, match="--runner slurm: unknown; take local or ray"):
        open_runner("slurm", 1, "auto")
