"""Voices in repositories of the Hugging Face hub: what the library's cache holds is taken from there, the rest is downloaded.

A snapshot in the cache (HF_HOME, HF_HUB_CACHE) is used as it is, without a look at the network. No torch.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tts.errors import InputError

_NAME = r"[A-Za-z0-9_][\w.-]*"
_REPOSITORY = re.compile(rf"(?!.*(?:\.\.|--))({_NAME}/{_NAME})(?:@({_NAME}(?:/{_NAME})*))?", re.ASCII)


@dataclass(frozen=True)
class Repository:
    """A repository of models.

    Attributes:
        id: `owner/name`.
        revision: branch, tag or commit; None is the main branch.
    """

    id: str
    revision: str | None = None

    def __str__(self) -> str:
        """As it is written: `owner/name@revision`."""
        return self.id if self.revision is None else f"{self.id}@{self.revision}"


def parse_repository(name: str) -> Repository | None:
    """The repository that `owner/name` or `owner/name@revision` means; None if the name is of another form."""
    found = _REPOSITORY.fullmatch(name)
    return None if found is None else Repository(*found.groups())


def fetch(repository: Repository, names: Sequence[str], extras: Sequence[str] = ()) -> Path:
    """Folder of the snapshot of a repository, with the files in it that the repository has.

    Args:
        repository: where they are.
        names: of the files; if the cache has them all, the network is not asked.
        extras: files that are downloaded with the others, and may be missing.

    Returns:
        The folder; its name is the commit.

    Raises:
        InputError: the extra [hub] is not installed, the hub cannot be reached, or has no such repository or revision.
    """
    if importlib.util.find_spec("huggingface_hub") is None:
        reason = "no such folder, and a repository of the Hugging Face hub needs the extra [hub]"
        raise InputError(f"voice {str(repository)!r}: {reason}: pip install 'calm-tts[hub]'")
    from huggingface_hub import try_to_load_from_cache

    paths = [try_to_load_from_cache(repository.id, name, revision=repository.revision) for name in names]
    if isinstance(paths[0], str) and all(isinstance(path, str) for path in paths):
        return Path(paths[0]).parent
    return _download(repository, [*names, *extras])


def _download(repository: Repository, names: list[str]) -> Path:
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(repository.id, revision=repository.revision, allow_patterns=names))
    except errors.LocalEntryNotFoundError as error:
        reason = f"neither a folder nor in the Hugging Face cache, and the hub cannot be asked ({_cause_of(error)})"
        remedy = "connect, unset HF_HUB_OFFLINE, or name a voice's folder"
    except errors.RevisionNotFoundError:
        reason, remedy = f"the repository has no revision {repository.revision!r}", "name a branch, a tag or a commit of it"
    except errors.RepositoryNotFoundError:
        reason = "neither a folder nor a repository of the Hugging Face hub that is open to you"
        remedy = "look at its name, or show who you are by `hf auth login`"
    except (errors.HTTPError, errors.XetDownloadError, ConnectionError, TimeoutError) as error:
        reason, remedy = f"the download failed ({_cause_of(error)})", "try again; what was loaded is kept"
    raise InputError(f"voice {str(repository)!r}: {reason}; {remedy}")


def _cause_of(error: Exception) -> str:
    cause = error.__cause__ or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())[:200]
