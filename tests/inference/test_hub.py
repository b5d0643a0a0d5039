"""Voices of the Hugging Face hub: from the cache if it has them, else downloaded; nothing unchecked is spoken with."""

import json
import shutil
import sys

import pytest
from hub_server import COMMIT, REPOSITORY, hub_of
from huggingface_hub import constants

from tts import InputError
from tts.inference import voices
from tts.inference.hub import Repository, parse_repository
from tts.inference.voices import find_twin, find_voice, load_voice


@pytest.fixture
def point_at(tmp_path, monkeypatch):
    """A function that points the library at a hub, with an empty cache at first."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.chdir(tmp_path)

    def point(url: str) -> None:
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")

    point("http://127.0.0.1:9")
    return point


@pytest.fixture
def published(tiny_voice, tmp_path):
    """The files of a repository: a voice, and what has nothing to do with it."""
    folder = shutil.copytree(tiny_voice, tmp_path / "published")
    for name in ("evil.pkl", "pytorch_model.bin", "other.safetensors", ".gitattributes"):
        (folder / name).write_bytes(b"no part of the voice")
    return folder


@pytest.fixture
def cached(published, point_at):
    """The snapshot of the voice in the cache, and its hub has gone."""
    with hub_of(published) as hub:
        point_at(hub.url)
        return find_voice(REPOSITORY)


def test_a_name_means_a_repository_only_in_one_form():
    assert parse_repository("owner/name") == Repository("owner/name")
    assert parse_repository("owner/na.me-2@refs/pr/1") == Repository("owner/na.me-2", "refs/pr/1")
    for name in ("heart", "./owner/name", "../name", "/a/b", "a/b/c", "owner/", "a/..", "a/b@", "a/b@../c", "a--b/c", "ä/b"):
        assert parse_repository(name) is None, name


def test_a_voice_is_downloaded_once_and_without_what_is_no_part_of_it(published, point_at, tiny_voice):
    with hub_of(published) as hub:
        point_at(hub.url)
        load_voice(REPOSITORY)
        asked = len(hub.asked)
        assert load_voice(REPOSITORY).folder.name == COMMIT and len(hub.asked) == asked > 0
    assert {path.name for path in load_voice(REPOSITORY).folder.iterdir()} == {path.name for path in tiny_voice.iterdir()}
    assert load_voice(f"{REPOSITORY}@{COMMIT}").config == load_voice(tiny_voice).config


def test_a_download_that_was_cut_short_goes_on(published, point_at, cached, monkeypatch):
    (cached / "step.onnx").resolve().unlink()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"hub cannot be asked|the file is missing"):
        load_voice(REPOSITORY)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub_of(published) as hub:
        point_at(hub.url)
        load_voice(REPOSITORY)
        assert all("step.onnx" in line for line in hub.asked if "/resolve/" in line) and hub.asked


def test_a_damaged_file_in_the_cache_is_found(cached):
    graph = (cached / "step.onnx").resolve()
    graph.write_bytes(graph.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match=rf"step\.onnx: damaged voice.*hf download {REPOSITORY} --force-download"):
        load_voice(REPOSITORY)
    (cached / "config.json").resolve().write_text("{")
    with pytest.raises(InputError, match=r"config\.json: damaged voice"):
        load_voice(REPOSITORY)


def test_without_a_network_there_is_one_clear_line(point_at, monkeypatch):
    for is_offline, said in ((False, "ConnectError"), (True, "OfflineModeIsEnabled")):
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", is_offline)
        with pytest.raises(InputError, match=rf"neither a folder nor in the Hugging Face cache.*{said}") as error:
            load_voice("someone/new")
        assert "\n" not in str(error.value)


def test_what_the_hub_has_not_is_named(published, point_at):
    (published / "config.json").unlink()
    with hub_of(published) as hub:
        point_at(hub.url)
        with pytest.raises(InputError, match=r"'someone/other': neither a folder nor a repository"):
            find_voice("someone/other")
        with pytest.raises(InputError, match="has no revision 'v9'"):
            find_voice(f"{REPOSITORY}@v9")
        with pytest.raises(InputError, match=r"holds no voice \(config.json is missing\)"):
            find_voice(f"{REPOSITORY}@v1")


def test_a_folder_comes_before_a_repository_and_a_bare_name_is_never_asked_for(published, point_at, tiny_voice, tmp_path):
    with hub_of(published) as hub:
        point_at(hub.url)
        (tmp_path / "someone").mkdir()
        (tmp_path / REPOSITORY).mkdir()
        for name in (REPOSITORY, "tiny", "./someone/other", tmp_path / "someone" / "other"):
            with pytest.raises(InputError, match="unknown voice"):
                find_voice(name)
        shutil.copytree(tiny_voice, tmp_path / REPOSITORY, dirs_exist_ok=True)
        assert load_voice(REPOSITORY).folder.resolve() == tmp_path / REPOSITORY
        with pytest.raises(InputError, match="name that of the twin, such as a/b-codes"):
            find_twin("a/b", "codes")
        assert hub.asked == []


def test_a_voice_may_share_files_with_a_bundled_one_alone(published, point_at, tiny_voice, tmp_path, monkeypatch):
    config = json.loads((published / "config.json").read_text())
    (published / "config.json").write_text(json.dumps(config | {"shared": {"step.onnx": "tiny"}}))
    monkeypatch.setattr(voices, "BUNDLED", tmp_path / "bundled")
    with hub_of(published) as hub:
        point_at(hub.url)
        with pytest.raises(InputError, match=r"step.onnx from the voice 'tiny', which is not here"):
            load_voice(REPOSITORY)
        assert not any("step.onnx" in line for line in hub.asked)
    shutil.copytree(tiny_voice, tmp_path / "bundled" / "tiny")
    assert load_voice(REPOSITORY).file("step.onnx") == tmp_path / "bundled" / "tiny" / "step.onnx"


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"pip install 'calm-tts\[hub\]'"):
        find_voice("someone/tiny")
