"""Recipes: TOML in, strict models out, one line of text when something is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tts.errors import InputError

Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path, kind: type[Model], overrides: list[str] | None = None) -> Model:
    """Read a TOML file as a strict model.

    Args:
        path: the file.
        kind: model to validate against; unknown keys are errors.
        overrides: "section.key=value" settings that replace the file's; the value is TOML, or else plain text.

    Raises:
        InputError: the file cannot be read, or a setting is unknown or out of range.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no valid TOML ({error})") from None
    for override in overrides or []:
        _set(values, override)
    return validate(kind, values, str(path))


def merge(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Nested settings with changes laid over them."""
    merged = dict(settings)
    for name, value in changes.items():
        old = merged.get(name)
        merged[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def validate(kind: type[Model], values: Any, source: str) -> Model:
    """Build a strict model from plain values.

    Raises:
        InputError: with the first setting that is wrong, its value and the reason.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{source}: {name or 'settings'} = {first['input']!r}: {first['msg'].lower()}") from None


def _set(values: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    if not equals or not name.strip():
        raise InputError(f"--set {override}: write section.key=value, such as --set task.steps=100")
    try:
        value = tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    *sections, key = name.strip().split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"--set {override}: {section} is no section")
    values[key] = value
