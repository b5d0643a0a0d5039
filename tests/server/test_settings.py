"""Settings come from flags, the environment, or their defaults, which the manual names all."""

from pathlib import Path

import pytest

from tts.errors import InputError
from tts.server.settings import PREFIX, Limits, Settings, read_settings

MANUAL = (Path(__file__).parents[2] / "docs" / "server.md").read_text(encoding="utf-8")


def test_flags_come_before_the_environment_and_that_before_defaults():
    environment = {"TTS_PORT": "9000", "TTS_HOST": "0.0.0.0", "TTS_MAX_WAITING": "5", "TTS_WORKERS": "", "TTS_ELSE": "1"}
    settings = read_settings({"port": 7000, "host": None}, environment)
    assert settings.port == 7000 and settings.host == "0.0.0.0" and settings.limits.max_waiting == 5
    assert settings.workers >= 1 and settings.limits.max_running == Limits().max_running
    assert read_settings({}, {"TTS_VOICES": "heart, ./mine"}).voices == ["heart", "./mine"]
    assert read_settings({"demo": True}, {}).demo and not read_settings({}, {"TTS_DEMO": "false"}).demo


def test_by_default_only_this_machine_may_call():
    assert read_settings({}, {}).host == "127.0.0.1" and read_settings({}, {}).wyoming_port is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "many"), ("PORT", "70000"), ("MAX_WAITING", "-1"), ("STALL_SECONDS", "nan"), ("VOICES", ","), ("DEMO", "x")],
)
def test_a_wrong_value_is_named(name, value):
    with pytest.raises(InputError, match=name.lower()):
        read_settings({}, {PREFIX + name: value})


def test_the_key_is_not_shown():
    assert "sesame" not in repr(read_settings({}, {"TTS_API_KEY": "sesame"}))


def shown(default) -> str:
    """A default as the manual writes it."""
    if isinstance(default, list):
        return ", ".join(default)
    if isinstance(default, bool) or default is None:
        return {True: "on", False: "off", None: "none"}[default]
    return str(default)


@pytest.mark.parametrize("kind", [Settings, Limits])
def test_the_manual_names_every_setting_with_its_default(kind):
    for name, field in kind.model_fields.items():
        if name == "limits":
            continue
        (row,) = [line for line in MANUAL.splitlines() if line.startswith(f"| `{PREFIX}{name.upper()}`")]
        default = row.split("|")[2].strip().strip("`")
        assert default == ("the cores" if field.default_factory else shown(field.default)), row
