"""Voices: folders that hold all that speaking needs, found by name, path or repository, and checked before they are used.

A voice folder holds `config.json` (VoiceConfig), `symbols.json`, `model.safetensors` (float16), the graphs of export.py and
`README.md`, the card; a voice of several speakers has `speakers.safetensors`, and some have parts besides (PART_NAMES). The
hashes in `config.json` cover all files but itself and the card.
No torch.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tts.codec.config import VocoderConfig
from tts.config import validate
from tts.errors import InputError
from tts.inference.hub import Repository, fetch, parse_repository
from tts.models.config import AcousticConfig
from tts.text.symbols import SymbolTable

BUNDLED = Path(__file__).parent.parent / "voices"
DEFAULT_VOICE = "heart"
CONFIG_NAME, SYMBOLS_NAME, WEIGHTS_NAME, CARD_NAME = "config.json", "symbols.json", "model.safetensors", "README.md"
CODEBOOK_NAME, STEERING_NAME, ALIGNER_NAME = "codebook.safetensors", "steering.safetensors", "align.onnx"
NORMAL_NAME = "normal.json"  # normal.py
SPEAKERS_NAME = "speakers.safetensors"  # vectors of the speakers, of a voice of several
PART_NAMES = (CODEBOOK_NAME, STEERING_NAME, ALIGNER_NAME, NORMAL_NAME)  # what a voice may have or not
GRAPHS = ("encode", "condition", "step", "vocode")  # of every voice
SUFFIXES = (".json", ".onnx", ".safetensors")  # of the files that are downloaded: nothing that runs when it is read


class VoiceConfig(BaseModel):
    """What a voice is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1  # of the folder
    name: str
    language: str = "en-us"
    license: str  # SPDX identifier
    summary: str  # one line
    temperature: float  # that the voice speaks with unless told otherwise
    pace: float = Field(1.0, ge=0.5, le=2)  # what speed 1 means: factor on the rate that the model learned
    is_light: bool = False  # holds only what speaking needs, in int8: neither for torch nor to be trained further
    n_parameters: dict[str, int] = {}  # trained numbers of each model
    acoustic: AcousticConfig
    vocoder: VocoderConfig
    sha256: dict[str, str]  # of the files
    shared: dict[str, str] = {}  # files that lie not in this folder but in that of a bundled voice, by its name

    @property
    def speaker_names(self) -> tuple[str, ...]:
        """Names of the speakers, the default one first; none if it has but one."""
        return () if self.acoustic.speakers is None else self.acoustic.speakers.names


@dataclass(frozen=True)
class Voice:
    """A checked voice folder.

    Attributes:
        folder: where it is.
        config: what it is made of.
        symbols: its token inventory.
    """

    folder: Path
    config: VoiceConfig
    symbols: SymbolTable

    def file(self, name: str) -> Path:
        """Path of one of the voice's files."""
        return file_of(self.folder, self.config, name)

    def mel_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (F,) of the mel's bands."""
        from safetensors.numpy import load_file  # reads all; the arrays are small beside the graphs' sessions

        tensors = load_file(self.file(WEIGHTS_NAME))
        return tensors["acoustic.mel_mean"].astype(np.float32), tensors["acoustic.mel_std"].astype(np.float32)


def graphs_of(config: AcousticConfig) -> tuple[str, ...]:
    """Names of a voice's graphs: a voice of codes has one more for each level but the first, and two of its quantiser."""
    if config.quantizer is None:
        return GRAPHS
    return (*GRAPHS, *(f"level_{level}" for level in range(1, config.quantizer.n_levels)), "decode", "quantize")


def list_voices() -> list[str]:
    """Names of the bundled voices, the default one first."""
    return sorted((path.parent.name for path in BUNDLED.glob(f"*/{CONFIG_NAME}")), key=lambda name: (name != DEFAULT_VOICE, name))


def find_voice(name: str | Path) -> Path:
    """Folder of a bundled voice, of a path, or of a repository of the Hugging Face hub, which is downloaded if need be.

    Args:
        name: of a bundled voice; a voice's folder; or, as text where no such folder is, `owner/name` or `owner/name@revision`.

    Raises:
        InputError: no such voice, or it cannot be downloaded.
    """
    bundled = BUNDLED / str(name)
    if str(name) in list_voices():
        return bundled
    if (Path(name) / CONFIG_NAME).is_file():
        return Path(name)
    repository = _repository_of(name)
    if repository is not None:
        return _find_in_hub(repository)
    known = ", ".join(list_voices()) or "none bundled"
    raise InputError(f"unknown voice {str(name)!r}: take one of {known}, a voice's folder, or owner/name of the Hugging Face hub")


def _repository_of(name: str | Path) -> Repository | None:
    """What a name means that is not bundled; a folder comes first, also one without a voice."""
    return parse_repository(name) if isinstance(name, str) and not Path(name).exists() else None


def _find_in_hub(repository: Repository) -> Path:
    """Folder of the snapshot with the files that its config tells of, none of which is checked yet."""
    folder = fetch(repository, [CONFIG_NAME])
    if not (folder / CONFIG_NAME).is_file():
        raise InputError(f"voice {str(repository)!r}: the repository holds no voice ({CONFIG_NAME} is missing)")
    config = _read_config(folder, _remedy(repository))
    own = config.sha256.keys() - config.shared.keys()
    names = sorted(name for name in own if Path(name).name == name and name.endswith(SUFFIXES))
    fetch(replace(repository, revision=folder.name), [CONFIG_NAME, *names], [CARD_NAME])
    return folder


def _remedy(repository: Repository | None) -> str:
    """What to do about a damaged voice."""
    if repository is None:
        return "install it again"
    revision = "" if repository.revision is None else f" --revision {repository.revision}"
    return f"fetch it again: hf download {repository.id}{revision} --force-download"


def file_of(folder: Path, config: VoiceConfig, name: str) -> Path:
    """Path of a file of the voice in a folder; see VoiceConfig.shared."""
    return (BUNDLED / config.shared[name] if name in config.shared else folder) / name


def find_twin(name: str | Path, head: str) -> str:
    """The voice with another head that stands beside a voice: `NAME-HEAD`, bundled or in a folder next to it.

    Args:
        name: of a bundled voice, or a voice's folder.
        head: kind of the head, such as `mixture`; `vq` is another word for `codes`.

    Raises:
        InputError: there is no such voice.
    """
    repository = _repository_of(name)
    if repository is not None:
        raise InputError(f"--head {head}: a repository holds one voice; name that of the twin, such as {repository.id}-{head}")
    folder, kind = find_voice(name), {"vq": "codes"}.get(head, head)
    own = read_voice_config(name).acoustic.head.kind
    if kind == own:
        return str(name)
    beside = [path.parent for path in folder.parent.glob(f"{folder.name}-*/{CONFIG_NAME}")]
    twins = {path.name.removeprefix(f"{folder.name}-"): path for path in beside}
    if kind not in twins:
        raise InputError(f"no voice {folder.name}-{kind} beside {folder.name!r}: take one of {', '.join(sorted((own, *twins)))}")
    return str(twins[kind])


def hash_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_voice_config(name: str | Path) -> VoiceConfig:
    """Read a voice's config alone.

    Raises:
        InputError: no such voice, or its config is damaged.
    """
    return _read_config(find_voice(name), _remedy(_repository_of(name)))


def _read_config(folder: Path, remedy: str) -> VoiceConfig:
    path = folder / CONFIG_NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: damaged voice ({error}); {remedy}") from None
    return validate(VoiceConfig, values, str(path))


def load_voice(name: str | Path = DEFAULT_VOICE) -> Voice:
    """Find a voice and check its files.

    Raises:
        InputError: no such voice, a file is missing, a file's hash is not the one in the config (flipped bits), or the weights
            are no safetensors (a pickle; it is never opened).
    """
    from safetensors import SafetensorError, safe_open

    folder, remedy = find_voice(name), _remedy(_repository_of(name))
    config = _read_config(folder, remedy)
    _check_files(folder, config, remedy)
    try:
        with safe_open(file_of(folder, config, WEIGHTS_NAME), "numpy"):
            pass
    except SafetensorError as error:
        raise InputError(f"{folder / WEIGHTS_NAME}: no safetensors file ({error}); {remedy}") from None
    symbols = file_of(folder, config, SYMBOLS_NAME).read_text(encoding="utf-8")
    return Voice(folder, config, SymbolTable.from_json(symbols))


def _check_files(folder: Path, config: VoiceConfig, remedy: str) -> None:
    """Compare all files with their hashes.

    The remedy is what to do if they are damaged.

    Raises:
        InputError: a file has no hash, is missing, or is another.
    """
    needed = {SYMBOLS_NAME, WEIGHTS_NAME, *(f"{graph}.onnx" for graph in graphs_of(config.acoustic))}
    if config.acoustic.speakers is not None:
        needed.add(SPEAKERS_NAME)
    for file in sorted(needed - config.sha256.keys()):
        raise InputError(f"{folder / CONFIG_NAME}: damaged voice (no hash for {file}); {remedy}")
    for file, owner in config.shared.items():
        if owner not in list_voices():
            reason = f"has its {file} from the voice {owner!r}, which is not here"
            raise InputError(f"{folder}: {reason}; install a calm-tts that has it")
    for file, expected in config.sha256.items():
        path = file_of(folder, config, file)
        if Path(file).name != file or not path.is_file():
            raise InputError(f"{path}: damaged voice (the file is missing); {remedy}")
        if hash_file(path) != expected:
            raise InputError(f"{path}: damaged voice (the file is not the one that was packaged); {remedy}")
