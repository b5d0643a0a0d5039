"""Mass synthesis, preparation and alignment while nodes and processes are killed: no row lost, none twice, and the same bytes.

The Ray cluster is two nodes of one CPU each on this machine.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import toy_speech as toy

ROOT = Path(__file__).parents[2]
N_LINES, N_CLIPS, N_ALIGNED, N_MANY = 320, 96, 1_024, 50_000
ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(ROOT),
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
}


def start(*arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "tts.cli", *map(str, arguments)]
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> str:
    _, said = process.communicate(timeout=900)
    assert process.returncode == 0, said[-3000:]
    return said


def wait_for(count, least: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 600
    while count() < least:
        assert process.poll() is None, f"ended before it was killed: {process.stderr.read()[-3000:]}"
        assert time.monotonic() < deadline, "nothing is made"
        time.sleep(0.02)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def check_lines(out: Path, whole: Path) -> None:
    """None lost, none twice, in order, each file whole and the same."""
    rows = [json.loads(line) for line in (out / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [f"{number:04d}" for number in range(1, N_LINES + 1)]
    assert max(Counter(row["audio"] for row in rows).values()) == 1
    assert {row["audio"] for row in rows} == {path.name for path in out.glob("*.wav")}
    assert contents(out) == contents(whole)


@pytest.fixture(scope="module")
def lines(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("lines") / "lines.txt"
    path.write_text("".join(f"Line {number} of many, and no two are alike.\n" for number in range(1, N_LINES + 1)))
    return path


@pytest.fixture(scope="module")
def whole_lines(tmp_path_factory, lines, tiny_voice) -> Path:
    """All lines, spoken by one process that nobody disturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    finish(start("say", "--lines", "-i", lines, "-d", out, "--voice", tiny_voice, "--seed", 3))
    return out


@pytest.fixture
def cluster(monkeypatch):
    """A head and a second node; the head is the node of the commands."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    for name in ("PYTHONPATH", "OMP_NUM_THREADS", "RAY_USAGE_STATS_ENABLED", "RAY_worker_niceness"):
        monkeypatch.setenv(name, ENVIRONMENT[name])
    node = {"num_cpus": 1, "object_store_memory": 100 * 1024 * 1024}
    made = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    made.second = made.add_node(**node)
    yield made
    made.shutdown()


def kill(cluster) -> list[int]:
    """Kill the raylet of the second node, as a loss of power would: nothing is put in order. Returns its workers."""
    (raylet,) = cluster.second.all_processes["raylet"]
    workers = children_of(raylet.process)
    raylet.process.kill()
    raylet.process.wait()  # or it stays as a zombie, which its workers take for alive
    return workers


def children_of(process: subprocess.Popen) -> list[int]:
    return [int(child) for path in Path(f"/proc/{process.pid}/task").glob("*/children") for child in path.read_text().split()]


def ends_within(seconds: float, processes: list[int]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{process}").exists() for process in processes):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
def test_lines_of_a_node_that_is_killed_are_spoken_by_the_other(tmp_path, lines, whole_lines, tiny_voice, cluster):
    out = tmp_path / "out"
    ray = ("--runner", "ray", "--address", cluster.address)
    process = start("say", "--lines", "-i", lines, "-d", out, "--voice", tiny_voice, "--seed", 3, *ray)
    wait_for(lambda: len(list(out.glob("*.wav"))), N_LINES // 4, process)
    workers = kill(cluster)
    n_spoken = len(list(out.glob("*.wav")))
    assert workers and n_spoken < N_LINES, "the node was killed when all was done"
    finish(process)
    assert ends_within(60, workers), "the workers outlive their node"
    check_lines(out, whole_lines)


@pytest.mark.slow
def test_a_run_on_a_cluster_goes_on_what_processes_here_began(tmp_path, lines, whole_lines, tiny_voice, cluster):
    out = tmp_path / "out"
    common = ("say", "--lines", "-i", lines, "-d", out, "--voice", tiny_voice, "--seed", 3)
    process = start(*common)
    wait_for(lambda: len(list(out.glob("*.wav"))), N_LINES // 3, process)
    process.kill()
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*.wav")}
    n_kept = sum(1 for record in out.glob(".lines/0*.jsonl") for _ in record.read_text().splitlines())
    assert n_kept >= N_LINES // 3 - 16
    finish(start(*common, "--runner", "ray", "--address", cluster.address))
    assert sum(path.stat().st_mtime_ns == when for path, when in kept.items()) >= n_kept
    check_lines(out, whole_lines)


@pytest.mark.slow
def test_clips_of_a_node_that_is_killed_are_prepared_by_the_other(tmp_path, cluster):
    corpus = toy.make_folder(tmp_path / "corpus", N_CLIPS)
    finish(start("prepare", corpus, "-o", tmp_path / "whole", "--workers", 1))
    out = tmp_path / "out"
    process = start("prepare", corpus, "-o", out, "--runner", "ray", "--address", cluster.address)
    wait_for(lambda: len(list(out.rglob("*.npz"))), 1, process)
    assert kill(cluster)
    finish(process)
    assert contents(out) == contents(tmp_path / "whole")
    assert len((out / "index.jsonl").read_text().splitlines()) == N_CLIPS


@pytest.mark.slow
def test_clips_of_a_node_that_is_killed_are_aligned_by_the_other(tmp_path, cluster):
    whole, out, recipe = tmp_path / "whole", tmp_path / "out", tmp_path / "aligner.toml"
    finish(start("prepare", toy.make_folder(tmp_path / "corpus", N_ALIGNED), "-o", whole, "--workers", 2))
    shutil.copytree(whole, out)
    recipe.write_text(f'features = "{whole}"\nout = "{tmp_path / "aligner"}"\ntask = {{ steps = 4 }}\n')
    finish(start("align", recipe))
    process = start("align", recipe, "--set", f"features={out}", "--runner", "ray", "--address", cluster.address)
    wait_for(lambda: len(list(out.glob("alignment/*.npz"))), 1, process)
    assert kill(cluster) and not (out / "durations.npy").exists()
    said = finish(process)
    assert f"{N_ALIGNED} utterances aligned" in said and contents(out) == contents(whole)


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_refused(tmp_path, lines, tiny_voice):
    pytest.importorskip("ray")
    ray = ("--runner", "ray", "--address", "127.0.0.1:1")
    process = start("say", "--lines", "-i", lines, "-d", tmp_path, "--voice", tiny_voice, *ray)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 2 and "no Ray cluster there" in said


@pytest.mark.slow
def test_lines_that_two_processes_speak_survive_three_kills(tmp_path, lines, whole_lines, tiny_voice):
    out = tmp_path / "out"
    common = ("say", "--lines", "-i", lines, "-d", out, "--voice", tiny_voice, "--seed", 3, "--workers", 2)
    for share in (1, 2, 3):
        process = start(*common)
        wait_for(lambda: len(list(out.glob("*.wav"))), share * N_LINES // 4, process)
        children = children_of(process)
        process.kill()
        process.wait()
        assert ends_within(60, children), "the workers outlive their parent"
        assert not (out / "manifest.jsonl").exists()
    recorded = {row["audio"] for path in out.glob(".lines/0*.jsonl") for row in map(json.loads, path.read_text().splitlines())}
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*.wav") if path.name in recorded}
    finish(start(*common))
    assert len(kept) >= N_LINES // 2 and all(path.stat().st_mtime_ns == when for path, when in kept.items())
    check_lines(out, whole_lines)


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["local", "ray"])
def test_memory_stays_flat_over_very_many_lines(tmp_path, runner, request):
    environment = dict(ENVIRONMENT)
    if runner == "ray":
        environment["RAY_ADDRESS"] = request.getfixturevalue("cluster").address
    for name, n_lines in (("few.txt", N_MANY // 50), ("many.txt", N_MANY)):
        with (tmp_path / name).open("w") as file:
            file.writelines(
                f"This is sentence number {number} of a list that is longer than memory.\n" for number in range(n_lines)
            )
    script = Path(__file__).with_name("many_lines.py")
    environment["PYTHONPATH"] += f":{script.parent}"
    command = [sys.executable, script, tmp_path / "few.txt", tmp_path / "many.txt", tmp_path, runner]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["growth"] <= 20, done.stdout
    with (tmp_path / "all" / "manifest.jsonl").open() as manifest:
        assert [json.loads(line)["id"] for line in manifest] == [f"{number:05d}" for number in range(1, N_MANY + 1)]
    shutil.rmtree(tmp_path)
