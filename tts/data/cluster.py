"""Row jobs on a Ray cluster: every part is a task. Needs the extra [ray].

Plain tasks rather than a dataset of Ray Data: parts are read lazily and numbered in the order of the input, results come in that
order, and each task says for itself how often it may be lost. All nodes see the same files under the same paths, and have the
same version of this package. The results are small and are kept by the process that asked for them, so a node that dies takes
with it nothing but the parts that it was making; Ray gives these to another.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any

from tts.data.rows import Finished, Part, R, T, in_order
from tts.errors import InputError

MAX_LOSSES = 8  # of one part, with its process or its node; more, and it is the part that ends them
KNOCK_SECONDS = 10


@dataclass(frozen=True)
class RayRunner:
    """Runs a job on all CPUs of a Ray cluster, one a part.

    Attributes:
        address: HOST:PORT, `auto` for the cluster that this machine is a node of, or `local` to start one here.
    """

    address: str = "auto"

    def run(self, job: Callable[[Part[T]], R], parts: Iterable[Part[T] | Finished[R]]) -> Iterator[R]:
        """See `Runner`; nodes may join and die."""
        import ray

        task: Any = ray.remote(num_cpus=1, max_retries=MAX_LOSSES)(_run_part)
        folder = os.getcwd()  # noqa: PTH109  # a string: other nodes may have other systems

        def submit(part: Part[T]) -> Any:
            return task.remote(job, part, folder)

        with _connected(self.address):
            try:
                yield from in_order(parts, submit, ray.get, _max_waiting)
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, InputError | ModuleNotFoundError):
                    raise error.cause from None
                raise
            except ray.exceptions.RayError as error:
                reason = f"a part could not be made on the cluster ({type(error).__name__}: {str(error).splitlines()[0]})"
                raise InputError(f"{reason}; the same command goes on where it stopped") from None


def _run_part(job: Callable[[Part[T]], R], part: Part[T], folder: str) -> R:
    """Make a part in a process of the cluster, where relative paths mean what they mean here."""
    with suppress(OSError):  # only relative paths need the folder
        os.chdir(folder)
    return job(part)


def _max_waiting() -> int:
    """Parts that are asked for at once: enough for all CPUs that the cluster has now."""
    import ray

    return 3 * max(1, int(ray.cluster_resources().get("CPU", 1)))


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """Use the connection that there is, or make one for the while.

    Raises:
        InputError: there is no cluster.
    """
    import logging

    import ray

    if ray.is_initialized():
        yield
        return
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--address {address}: no Ray cluster there ({reason}); `ray start --head` makes one") from None
    try:
        with redirect_stdout(sys.stderr):  # Ray prints there what becomes of nodes
            yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Find out at once whether somebody is there; Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and "/" not in host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=KNOCK_SECONDS).close()
