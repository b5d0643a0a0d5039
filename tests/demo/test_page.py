"""The page: what its tabs answer, what programs may call, and its limits. What it looks like is seen in tests/browser."""

import contextlib
import io
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import soundfile as sf
from demo_texts import TEXT
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tts import SamplingConfig
from tts.demo.app import QUEUE_SIZE, UPLOAD_BYTES, build_app, launch, mount
from tts.demo.batch_tab import BatchTab
from tts.demo.compare_tab import CompareTab
from tts.demo.speak_tab import SpeakTab
from tts.demo.transcript import show_words


@pytest.fixture(scope="module")
def tabs(shelf):
    with gr.Blocks():
        return SpeakTab(shelf), CompareTab(shelf), BatchTab(shelf)


@pytest.fixture(scope="module")
def app(shelf, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("files")))
        yield build_app(shelf)


def controls(seed, *doses):
    """The values of a tab's controls."""
    return ("tiny", 1.0, 0.3, seed, 0.15, 1.0, *(doses or (0, 0, 0, 0)))


def last(updates, component):
    """The last value that a component was given."""
    values = [update[component] for update in updates if component in update]
    return values[-1]["value"] if isinstance(values[-1], dict) and "value" in values[-1] else values[-1]


def test_a_text_that_is_soon_spoken_is_played_from_the_file(tabs, tts):
    tab = tabs[0]
    updates = list(tab.speak(TEXT, *controls("5")))
    rate, samples = last(updates, tab.player)
    assert rate == 24_000 and samples.dtype == np.int16
    speech = tts.synthesize(TEXT, SamplingConfig(seed=5, temperature=0.3))
    assert np.array_equal(samples, np.round(np.clip(speech.audio, -1, 1) * 32767).astype(np.int16))
    assert "<b>5</b> seed" in last(updates, tab.facts)
    assert last(updates, tab.words).count("data-start") == len(speech.words)


def test_a_voice_without_directions_is_not_steered(tabs):
    (update,) = tabs[0].speak(TEXT, *controls("5", 0, 1.5, 0, 0))
    assert "has no steering" in update[tabs[0].facts]


def test_a_text_that_takes_long_is_streamed_and_then_there_as_a_file(tabs, monkeypatch):
    tab = tabs[0]
    monkeypatch.setattr("tts.demo.speak_tab.PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(tab, "can_stream", True)
    updates = list(tab.speak(TEXT, *controls("5")))
    pieces = [update[tab.live][1] for update in updates if isinstance(update.get(tab.live), tuple)]
    assert len(pieces) > 1 and all(piece.dtype == np.int16 for piece in pieces)
    assert np.array_equal(np.concatenate(pieces), last(updates, tab.player)[1])


def test_without_ffmpeg_all_comes_as_a_file(tabs, monkeypatch):
    tab = tabs[0]
    monkeypatch.setattr("tts.demo.speak_tab.PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(tab, "can_stream", False)
    assert len(list(tab.speak(TEXT, *controls("")))) == 2


@pytest.mark.parametrize(
    ("text", "seed", "said"),
    [("", "", "write a sentence"), ("…", "", "nothing to speak"), ("Hi.", "x", "whole number"), ("<b>[pause:x]", "", "&lt;")],
)
def test_a_mistake_is_one_line_on_the_page(tabs, text, seed, said):
    if said == "&lt;":
        text, said = "[pause:<b>] Hi.", "[pause:&lt;b&gt;] is no pause"
    (update,) = tabs[0].speak(text, *controls(seed))
    assert said in update[tabs[0].facts] and 'role="alert"' in update[tabs[0].facts] and "Traceback" not in update[tabs[0].facts]


def test_words_cannot_become_markup(speak):
    take = speak("Hello.")
    take.lines[0].words[:] = [type(take.lines[0].words[0])("<img src=x>", 0.0, 1.0)]
    assert "<img" not in show_words(take.lines)


def test_variants_come_at_one_loudness_and_blind_pairs_are_among_them(tabs):
    tab = tabs[1]
    settings = [value for temperature in (0.0, 0.5, 1.0, 1.0) for value in ("tiny", temperature, 1.0)]
    (update,) = tab.compare("Hello there.", "1", 3, *settings)
    held = update[tab.round]
    assert held.labels == ["1: temperature 0", "2: temperature 0.5", "3: temperature 1"]
    assert len(held.sounds) == 3 and tab.setups[3].player not in update
    for _ in range(3):
        update = tab.vote(held, "A")
    assert "3 votes" in update[tab.progress] and not any(label in update[tab.progress] for label in held.labels)
    tally = tab.show_tally(held)
    assert tally.count("<tr>") == 4 and all(f"<td>{label}</td>" in tally for label in held.labels)
    assert tab.draw(held, 0, 2).shape[2] == 4


def test_variants_that_are_alike_still_have_names_of_their_own(tabs):
    (update,) = tabs[1].compare("Hello.", "1", 2, *["tiny", 0.3, 1.0] * 4)
    assert update[tabs[1].round].labels == ["1: the same", "2: the same"]


def test_a_book_is_shown_and_read(tabs, tmp_path):
    tab, path = tabs[2], tmp_path / "story.md"
    path.write_text("# One\n\nHello.\n\n# Two\n\nBye.")
    shown = tab.look_into(str(path))
    assert "2 chapters" in shown[tab.progress]
    archive = None
    for update in tab.read(str(path), "mp3", *controls("")):
        if path_there := update[tab.archive].get("value"):
            archive = Path(path_there)
            assert archive.name == "story.zip" and archive.stat().st_size > 1000
    assert archive is not None and not archive.exists(), "Gradio has its copy, ours is gone"


def test_a_missing_or_broken_book_is_one_line(tabs, tmp_path):
    tab, path = tabs[2], tmp_path / "a.epub"
    path.write_bytes(b"x")
    assert "drop a" in next(tab.read(None, "mp3", *controls("")))[tab.progress]
    assert "no readable EPUB" in tab.look_into(str(path))[tab.progress]


def test_programs_may_call_three_endpoints_and_no_more(app):
    endpoints = app.get_api_info()["named_endpoints"]
    assert set(endpoints) == {"/speak", "/phonemes", "/voices"}
    assert [parameter["parameter_name"] for parameter in endpoints["/speak"]["parameters"]] == [
        "text", "voice", "speed", "temperature", "seed", "pause", "sigma", "steer",
    ]  # fmt: skip


def test_queue_and_uploads_are_bounded_and_nothing_else_is_served(app):
    assert app._queue.max_size == QUEUE_SIZE
    waiting = {fn.concurrency_id: fn.concurrency_limit for fn in app.fns.values() if fn.queue}
    assert waiting["engine"] == 2 and waiting["books"] == 1 and waiting["pictures"] == 1
    assert not app.analytics_enabled and app.delete_cache is not None


@pytest.fixture(scope="module")
def address(app):
    yield launch(app, "127.0.0.1", 0)
    app.close(verbose=False)


def test_a_program_gets_audio_words_and_readings(address, tts, tmp_path):
    client = pytest.importorskip("gradio_client").Client(address, verbose=False, download_files=str(tmp_path))
    path, details = client.predict("Hello there.", seed=3, sigma=0.5, steer={}, api_name="/speak")
    samples, rate = sf.read(path, dtype="int16")
    speech = tts.synthesize("Hello there.", SamplingConfig(seed=3, sigma=0.5))
    assert rate == 24_000 and np.abs(samples - speech.audio * 32767).max() <= 1
    assert [word["text"] for word in details["words"]] == ["Hello", "there"] and details["seed"] == 3
    assert client.predict("$2.", api_name="/phonemes")["normalized"] == "two dollars."
    assert [voice["name"] for voice in client.predict(api_name="/voices")] == ["tiny"]


def test_a_program_that_errs_gets_the_line_and_no_trace(address, app):
    client = pytest.importorskip("gradio_client").Client(address, verbose=False)
    for text, voice, said in (
        ("…", "tiny", "nothing to speak"),
        ("Hi.", "../../etc", "unknown voice"),
        ("a" * 6000, "tiny", "too many"),
    ):
        with pytest.raises(Exception, match=said) as caught:
            client.predict(text, voice=voice, api_name="/speak")
        assert "Traceback" not in str(caught.value) and "/" not in str(caught.value).replace("../../etc", "")


def test_a_large_upload_is_refused_and_files_outside_are_not_served(address):
    httpx = pytest.importorskip("httpx")
    big = {"files": ("a.txt", io.BytesIO(b"a" * (UPLOAD_BYTES + 1)))}
    assert httpx.post(f"{address}gradio_api/upload", files=big).status_code == 413
    for path in ("/etc/passwd", str(Path(__file__)), "../../etc/passwd"):
        assert httpx.get(f"{address}gradio_api/file={path}").status_code in (403, 404)


def test_the_page_mounts_in_another_application(shelf):
    outer = mount(FastAPI(), shelf, "/demo")
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(TestClient(outer))
        page = client.get("/demo/")
        assert page.status_code == 200 and "calm-tts" in page.text
        assert client.get("/demo/config").json()["title"] == "calm-tts"
