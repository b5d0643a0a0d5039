"""`tts demo`: its address, its end, and what it refuses."""

import signal
import socket
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="needs the extra [demo]")


def test_it_serves_a_page_and_leaves_nothing_behind(start, tiny_voice, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start("demo", "--port", "0", "--voice", tiny_voice)
    told = process.stderr.readline().decode()
    address = told.split()[5]
    assert address.startswith("http://127.0.0.1:"), told
    with urllib.request.urlopen(address) as page:
        assert b"calm-tts" in page.read()
    assert len(list(tmp_path.glob("tts-demo-*"))) == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert not list(tmp_path.glob("tts-demo-*"))


def test_a_taken_port_is_refused_in_one_line(run, tiny_voice, monkeypatch):
    here = Path.cwd()
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("demo", "--port", taken.getsockname()[1], "--voice", tiny_voice)
    assert result.status == 2 and result.err.count("\n") == 1 and "cannot listen there" in result.err, result.err
    assert Path.cwd() == here


@pytest.mark.parametrize(("options", "said"), [(("--voice", "nobody"), "unknown voice 'nobody'"), (("--port", "99999"), "99999")])
def test_a_wrong_option_is_refused_in_one_line(run, options, said):
    result = run("demo", *options)
    assert result.status == 2 and said in result.err and result.err.count("\n") == 1
