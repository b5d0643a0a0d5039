"""The demo with the real voice, started as a user starts it, in Debian's Chromium. Screenshots go to $TTS_SCREENSHOTS, if set.

Run by `pytest -m browser`; needs `apt-get install chromium ffmpeg`. Nothing is downloaded.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "demo"))  # demo_texts
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
START_SECONDS = 60
PATIENCE_MS = 20_000 * int(os.environ.get("TTS_BROWSER_SLOWNESS", "1"))  # more where other work keeps the machine busy
SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
# When each sound was first heard, by the page's clock; Gradio may play a file or a stream.
LISTEN = """
window.heard = [];
document.addEventListener("timeupdate", (event) => {
  const sound = event.target;
  if (sound.currentTime > 0 && !sound.wasHeard) { sound.wasHeard = true; window.heard.push(performance.now()); }
}, true);
"""


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def address():
    """Of a demo in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tts.cli", "demo", "--port", "0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    lines = []
    for line in process.stderr:
        lines.append(line)
        if found := re.search(r"the demo is at (\S+)", line):
            break
    else:
        pytest.fail("".join(lines))
    yield found.group(1)
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address):
    """Open the demo on a cold page of a size; afterwards, nothing may have gone wrong in its console or gone abroad."""
    opened, wrong = [], []

    def call(size="wide"):
        context = browser.new_context(viewport=SIZES[size], accept_downloads=True)
        context.add_init_script(LISTEN)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: _note_foreign(request.url, address, wrong))
        opened.append(context)
        page.goto(address)
        page.wait_for_selector("#speak-button")
        return page

    yield call
    for context in opened:
        context.close()
    assert wrong == []


def _note_foreign(url, address, wrong):
    if not url.startswith((address, "data:", "blob:")):
        wrong.append(f"the page asked for {url}")


@pytest.fixture
def picture(request):
    """Take a screenshot of the whole page."""
    folder = os.environ.get("TTS_SCREENSHOTS")

    def call(page, name):
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            time.sleep(0.4)  # of transitions
            page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    return call
