"""The demo, used as people use it."""

import json
import re
import zipfile

import pytest
from demo_texts import write_epub

from tts import TTS, SamplingConfig

FIRST_SOUND_SECONDS = 3.0
LONG = "It rained all day, and the river rose, slowly, over the stones. " * 40


def speak(page):
    """Press Speak; returns the seconds to the first sound."""
    n_heard = page.evaluate("window.heard.length")
    began = page.evaluate("performance.now()")
    page.click("#speak-button")
    page.wait_for_function(f"window.heard.length > {n_heard}")
    return (page.evaluate(f"window.heard[{n_heard}]") - began) / 1000


def facts(page):
    """The figures under the player, by name, when they are there."""
    page.wait_for_selector("#facts .facts")
    parts = page.locator("#facts .facts span").all_inner_texts()
    return {part.split(" ", 1)[1]: part.split(" ", 1)[0] for part in parts}


def player(page):
    """Length and place of the finished file's player."""
    page.wait_for_function("document.querySelector('#player audio')?.duration > 0")
    return page.evaluate("(({duration, currentTime}) => ({duration, currentTime}))(document.querySelector('#player audio'))")


def set_slider(page, name, value):
    field = page.locator(f"#speak-{name} input[type=number]").first
    field.fill(str(value))
    field.press("Tab")


def write(page, text):
    page.fill("#speak-text textarea", text)


def tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def is_wider_than_screen(page):
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_a_cold_page_sounds_soon_and_its_words_light_up(open_page, picture, record_property):
    page = open_page()
    seconds = speak(page)
    record_property("first_sound_seconds", seconds)
    page.wait_for_selector("#words .heard")
    picture(page, "speak-playing")
    assert float(facts(page)["s of speech"]) == pytest.approx(player(page)["duration"], abs=0.05)
    page.wait_for_function("document.querySelectorAll('#words .spoken').length === 8")  # all words of the canoe, to the end
    page.wait_for_selector("#picture-mel img")
    picture(page, "speak")
    assert seconds <= FIRST_SOUND_SECONDS


def test_a_click_on_a_word_plays_from_there(open_page):
    page = open_page()
    speak(page)
    page.wait_for_function("document.querySelector('#player audio')?.ended")
    word = page.locator("#words span").nth(5)
    start = float(word.get_attribute("data-start"))
    word.click()
    page.wait_for_function(f"(t => t > {start} && t < {start} + 1)(document.querySelector('#player audio').currentTime)")


def test_a_long_text_is_heard_while_it_is_made_and_can_be_stopped(open_page, picture):
    page = open_page()
    write(page, LONG)
    speak(page)
    page.wait_for_selector("#live audio")
    page.wait_for_selector("#words .heard")
    picture(page, "speak-streaming")
    assert page.locator("#facts .facts").count() == 0, "it sounds before it is finished"
    page.click("#speak-stop")
    page.wait_for_function("[...document.querySelectorAll('#speak-sound audio')].every((sound) => sound.paused)")
    write(page, "Hello.")
    page.click("#speak-button")
    assert float(facts(page)["s of speech"]) < 2


def test_a_stream_ends_with_the_whole_as_a_file_that_keeps_quiet(open_page):
    page = open_page()
    write(page, LONG)
    speak(page)
    length = player(page)["duration"]
    assert length > 60 and float(facts(page)["s of speech"]) == pytest.approx(length, abs=0.05)
    sounding = "[...document.querySelectorAll('#speak-sound audio')].filter((sound) => !sound.paused).length"
    page.wait_for_function(f"{sounding} === 1")
    page.click("#speak-stop")


def test_speed_temperature_and_seed_change_what_is_heard(open_page):
    page = open_page()
    page.fill("#speak-seed :is(input, textarea)", "7")
    speak(page)
    first = facts(page)
    page.click("#speak-dice")
    page.wait_for_function("/^[0-9]+$/.test(document.querySelector('#speak-seed :is(input, textarea)').value)")
    page = open_page()
    page.fill("#speak-seed :is(input, textarea)", "8")
    set_slider(page, "speed", 2)
    set_slider(page, "temperature", 0)
    speak(page)
    quick = facts(page)
    assert (first["seed"], quick["seed"]) == ("7", "8")
    assert float(quick["s of speech"]) == pytest.approx(float(first["s of speech"]) / 2, abs=0.1)


def test_steering_changes_what_is_heard(open_page, picture):
    page = open_page()
    page.fill("#speak-seed :is(input, textarea)", "7")
    speak(page)
    plain = float(facts(page)["s of speech"])
    page = open_page()
    page.fill("#speak-seed :is(input, textarea)", "7")
    page.click("#speak-steering button")
    page.wait_for_selector("#speak-pitch >> text=semitones")
    set_slider(page, "pitch", 2)
    set_slider(page, "rate", 3)
    picture(page, "speak-steering")
    speak(page)
    assert float(facts(page)["s of speech"]) < 0.9 * plain


def test_a_recording_is_scored_and_its_wrong_word_marked(open_page, picture, tmp_path):
    TTS.load("heart").synthesize("The birch canoe slid on the wooden planks.", SamplingConfig(seed=1)).save(tmp_path / "take.wav")
    page = open_page()
    tab(page, "Score")
    page.set_input_files("#score-audio input[type=file]", tmp_path / "take.wav")
    page.wait_for_selector("#score-audio [data-testid^=waveform]")
    page.click("#score-button")
    page.wait_for_selector("#score-facts .facts")
    page.wait_for_selector("#picture-likelihood img")
    assert "smooth" in page.locator("#score-words .suspicious").all_inner_texts()
    picture(page, "score")
    page.fill("#score-text textarea", "")
    page.click("#score-button")
    page.wait_for_selector("#score-facts >> text=what the recording should say")


def test_every_tab_below_shows_its_part_and_timings_are_downloaded(open_page, picture):
    page = open_page()
    write(page, "Dr. Smith paid $4.75. It was late.")
    page.press("#speak-text textarea", "Control+Enter")
    facts(page)
    for name in ("Mel", "Alignment", "Pitch", "Uncertainty"):
        tab(page, name)
        page.wait_for_selector(f"#picture-{name.lower()} img")
        assert page.evaluate(f"document.querySelector('#picture-{name.lower()} img').naturalWidth") != 0
        picture(page, f"speak-{name.lower()}")
    tab(page, "Phonemes")
    page.wait_for_selector("#phonemes >> text=doctor smith paid")
    picture(page, "speak-phonemes")
    tab(page, "Timings")
    page.wait_for_selector("#timings >> text=Doctor")
    picture(page, "speak-timings")
    contents = {}
    for suffix in ("json", "srt", "vtt"):
        with page.expect_download() as download:
            page.click(f"#timings-{suffix}")
        assert download.value.suggested_filename == f"speech.{suffix}"
        contents[suffix] = download.value.path().read_text()
    assert len(json.loads(contents["json"])["words"]) == 11
    assert "00:00:0" in contents["srt"] and contents["vtt"].startswith("WEBVTT")


def test_another_sentence_can_be_looked_into(open_page):
    page = open_page()
    write(page, "One is here. Two is there.")
    speak(page)
    page.wait_for_selector("#picture-mel img")
    before = page.get_attribute("#picture-mel img", "src")
    page.click("#line input")
    page.get_by_role("option", name="2. Two is there.").click()
    page.wait_for_function(f"document.querySelector('#picture-mel img').src !== {json.dumps(before)}")


@pytest.mark.parametrize(("text", "said"), [("", "write a sentence"), ("…", "nothing to speak"), ("[pause:x] Hi", "is no pause")])
def test_what_cannot_be_spoken_is_said_in_one_line(open_page, picture, text, said):
    page = open_page()
    write(page, text)
    page.click("#speak-button")
    page.wait_for_selector("#facts .problem")
    assert said in page.inner_text("#facts")
    assert "Traceback" not in page.content()
    picture(page, f"problem-{re.sub(r'[^a-z]+', '-', said)}")
    write(page, "Hello.")
    page.click("#speak-button")
    assert float(facts(page)["s of speech"]) > 0.3


def test_variants_are_compared_openly_blindly_and_in_the_mel(open_page, picture):
    page = open_page()
    tab(page, "Compare")
    page.click("#compare-button")
    page.wait_for_function("document.querySelectorAll('.variant [data-testid^=\"waveform-Variant\"]').length === 4")
    page.wait_for_selector("#variant-4 >> text=0:0")
    picture(page, "compare")
    tab(page, "Blind")
    for number, choice in enumerate(("A", "same", "B"), 1):
        page.click(f"#vote-{choice}")
        page.wait_for_selector(f"#ballot >> text={number} vote")
        assert "heart-" not in page.inner_text("#ballot") and not page.inner_text("#tally").strip()
    picture(page, "compare-blind")
    page.click("#reveal")
    page.wait_for_selector("#tally >> text=voice heart-mixture")
    picture(page, "compare-revealed")
    tab(page, "Difference")
    page.wait_for_selector("#picture-difference img")
    picture(page, "compare-difference")


@pytest.mark.parametrize("kind", ["md", "epub"])
def test_a_book_is_uploaded_read_and_downloaded(open_page, picture, tmp_path, kind):
    path = tmp_path / f"story.{kind}"
    if kind == "md":
        path.write_text("# One\n\nHello there. It was *late*.\n\n# Two\n\nThe end came.")
    else:
        write_epub(path, ["<h1>One</h1><p>Hello there.</p>", "<h1>Two</h1><p>The end came.</p>"])
    page = open_page()
    tab(page, "Batch")
    page.set_input_files("#book input[type=file]", str(path))
    page.wait_for_selector("#batch-progress >> text=2 chapters")
    page.click("#batch-button")
    page.wait_for_selector("#archive a")
    picture(page, f"batch-{kind}")
    with page.expect_download() as download:
        page.locator("#archive a").first.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["1 One.mp3", "1 One.vtt", "2 Two.mp3", "2 Two.vtt", "contents.json"]


def test_a_long_book_shows_progress_and_can_be_cancelled(open_page, picture, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text(f"Chapter 1\n\n{LONG * 20}\n\nChapter 2\n\n{LONG}")
    page = open_page()
    tab(page, "Batch")
    page.set_input_files("#book input[type=file]", str(path))
    page.wait_for_selector("#batch-progress >> text=2 chapters")
    page.click("#batch-button")
    page.wait_for_selector("#batch-progress >> text=1 of 2: Chapter 1")
    picture(page, "batch-progress")
    page.click("#batch-cancel")
    page.wait_for_selector("#batch-progress >> text=Cancelled")
    page.wait_for_timeout(1500)
    assert "Cancelled" in page.inner_text("#batch-progress")


def test_a_file_that_is_no_book_is_refused_in_one_line(open_page, tmp_path):
    path = tmp_path / "broken.epub"
    path.write_bytes(b"no zip")
    page = open_page()
    tab(page, "Batch")
    page.set_input_files("#book input[type=file]", str(path))
    page.wait_for_selector("#batch-progress .problem >> text=no readable EPUB")


def test_nothing_is_wider_than_a_phone(open_page, picture):
    page = open_page("phone")
    speak(page)
    page.wait_for_selector("#picture-mel img")
    assert not is_wider_than_screen(page)
    picture(page, "phone-speak")
    for name in (
        "Alignment",
        "Pitch",
        "Uncertainty",
        "Phonemes",
        "Timings",
        "Compare",
        "Blind",
        "Difference",
        "Score",
        "Batch",
        "About",
    ):
        tab(page, name)
        page.wait_for_timeout(300)
        assert not is_wider_than_screen(page), name
        if name == "Compare":
            page.click("#compare-button")
            page.wait_for_function("document.querySelectorAll('.variant [data-testid^=\"waveform-Variant\"]').length === 4")
            assert not is_wider_than_screen(page)
        picture(page, f"phone-{name.lower()}")


def test_the_card_is_shown(open_page, picture):
    page = open_page()
    tab(page, "About")
    page.wait_for_selector("#card >> text=Where it comes from")
    picture(page, "about")
