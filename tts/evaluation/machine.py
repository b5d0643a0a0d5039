"""On what something was measured: processor, memory, versions."""

from __future__ import annotations

import os
import platform
import resource
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    *("calm-tts", "numpy", "onnxruntime", "torch", "hibari-tts"),
    *("faster-whisper", "ctranslate2", "jiwer", "whisper-normalizer", "distillmos"),
)


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the installed packages that figures depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def cpu_name() -> str:
    """Name of the processor and its number of cores."""
    name = platform.processor() or platform.machine()
    table = Path("/proc/cpuinfo")
    if table.exists():
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores"


def peak_memory_bytes() -> int:
    """Most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def memory_bytes() -> int:
    """Memory that this process holds now; its peak where the system does not tell."""
    table = Path("/proc/self/statm")
    if not table.exists():
        return peak_memory_bytes()
    return int(table.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
