"""What wrong callers get: an error in OpenAI's shape that names the field, at once, and nothing of the inside."""

import base64
import gzip
import json

import pytest
from callers import ORDER, SPEECH, TIMESTAMPS, ask, connect, metric, raw, read_all
from tones import serving, wait_until

from tts.inference import voices


@pytest.mark.parametrize(
    ("wrong", "status", "param", "said"),
    [
        ({"model": None}, 400, "model", "valid string"),
        ({"model": "whisper-1"}, 404, "model", "take calm-tts"),
        ({"input": None}, 400, "input", "valid string"),
        ({"input": 5}, 400, "input", "got 5"),
        ({"input": ""}, 400, "input", "at least 1"),
        ({"input": " \u200b\n"}, 400, "input", "nothing to speak"),
        ({"input": "\ud83d"}, 400, "input", "unicode"),
        ({"input": "a" * 4097}, 400, "input", "over the limit of 4096"),
        ({"voice": "nobody"}, 400, "voice", "take one of tone, other"),
        ({"voice": "../../etc/passwd"}, 400, "voice", "unknown voice"),
        ({"voice": {"id": "tts/voices/heart"}}, 400, "voice", "unknown voice"),
        ({"voice": {"name": "tone"}}, 400, "voice", "required"),
        ({"voice": ["tone"]}, 400, "voice", "valid string"),
        ({"voice": "v" * 5000}, 400, "voice", "unknown voice"),
        ({"response_format": "ogg"}, 400, "response_format", "'mp3', 'opus'"),
        ({"speed": 0.2}, 400, "speed", "0.25"),
        ({"speed": 4.5}, 400, "speed", "4"),
        ({"speed": "fast"}, 400, "speed", "number"),
        ({"speed": True}, 400, "speed", "number"),
        ({"speed": float("nan")}, 400, "speed", "got nan"),
        ({"speed": float("inf")}, 400, "speed", "got inf"),
        ({"stream_format": "websocket"}, 400, "stream_format", "'audio' or 'sse'"),
        ({"seed": -1}, 400, "seed", "0"),
        ({"seed": 1.5}, 400, "seed", "integer"),
        ({"seed": 2**63}, 400, "seed", "9223372036854775808"),
        ({"temperature": 3}, 400, "temperature", "2"),
        ({"pause": 1e9}, 400, "pause", "10"),
        ({"sigma": 4}, 400, "sigma", "3"),
        ({"steer": {"pitch": 4}}, 400, "steer", "-3 to 3"),
        ({"steer": {"pich": 1}}, 400, "steer", "did you mean pitch"),
        ({"steer": {"pitch": "high"}}, 400, "steer", "number"),
    ],
)
@pytest.mark.parametrize("path", [SPEECH, TIMESTAMPS])
def test_a_wrong_field_is_named_with_its_value(running, path, wrong, status, param, said):
    answer = ask(running, ORDER | wrong, path)
    assert answer.status == status and answer.error["param"] == param and said in answer.error["message"]
    assert answer.error["type"] == "invalid_request_error" and len(answer.body) < 1000


def test_no_request_makes_the_server_look_into_a_hub(running, monkeypatch):
    def refuse(*_):
        raise AssertionError("a request asked the hub")

    monkeypatch.setattr(voices, "fetch", refuse)
    with pytest.raises(AssertionError):
        voices.find_voice("someone/tiny")
    for voice in ("someone/tiny", "someone/tiny@main", {"id": "someone/tiny"}):
        for path in (SPEECH, TIMESTAMPS):
            answer = ask(running, ORDER | {"voice": voice}, path)
            assert answer.status == 400 and "unknown voice" in answer.error["message"]
    assert ask(running, ORDER | {"model": "someone/tiny"}).status == 404


@pytest.mark.parametrize("field", ["model", "input", "voice"])
def test_a_missing_field_is_named(running, field):
    answer = ask(running, {name: value for name, value in ORDER.items() if name != field})
    assert answer.status == 400 and answer.error["param"] == field and answer.error["code"] == "missing_required_parameter"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("GET", "/v1/audio/speech/..%2f..%2fetc/passwd", 404),
        ("GET", SPEECH, 405),
        ("DELETE", "/v1/models", 405),
        ("OPTIONS", SPEECH, 405),
        ("GET", "/v1/models/gpt-5", 404),
        ("GET", "/v1/models/%00", 404),
    ],
)
def test_a_wrong_path_or_method_gets_the_same_shape(running, method, path, status):
    answer = ask(running, path=path, method=method)
    assert answer.status == status and answer.error["code"]
    assert "Access-Control-Allow-Origin" not in answer.headers


ORDER_JSON = json.dumps(ORDER).encode()
BODIES = [
    ("empty", b"", {}, 400),
    ("no JSON", b"hello", {}, 400),
    ("half JSON", ORDER_JSON[:-5], {}, 400),
    ("an array", b"[1, 2]", {}, 400),
    ("a number", b"5", {}, 400),
    ("null", b"null", {}, 400),
    ("a string", b'"input"', {}, 400),
    ("not UTF-8", b'{"input": "\xff\xfe"}', {}, 400),
    ("overlong UTF-8", b'{"input": "\xc0\xaf"}', {}, 400),
    ("depth", b"[" * 100_000 + b"]" * 100_000, {}, 400),
    ("deep objects", b'{"input":' * 10_000 + b"1" + b"}" * 10_000, {}, 400),
    ("huge number", b'{"speed": 1' + b"0" * 50_000 + b"}", {}, 400),
    ("trailing comma", ORDER_JSON[:-1] + b",}", {}, 400),
    ("two objects", ORDER_JSON * 2, {}, 400),
    ("single quotes", ORDER_JSON.replace(b'"', b"'"), {}, 400),
    ("raw control character", b'{"input": "a\nb"}', {}, 400),
    ("NaN literal", ORDER_JSON[:-1] + b', "speed": NaN}', {}, 400),
    ("form", b"model=tts-1&input=Hello", {"Content_Type": "application/x-www-form-urlencoded"}, 400),
    ("plain text, as a foreign web page may send", ORDER_JSON, {"Content_Type": "text/plain"}, 400),
    ("no such type", ORDER_JSON, {"Content_Type": "\x00"}, 400),
    ("multipart", b"--x\r\n\r\n--x--", {"Content_Type": "multipart/form-data; boundary=x"}, 400),
    ("gzip", gzip.compress(ORDER_JSON), {"Content_Encoding": "gzip"}, 415),
    ("too large", b" " * 300_000, {}, 413),
    ("too large in one field", json.dumps(ORDER | {"input": "a" * 300_000}).encode(), {}, 413),
]


@pytest.mark.parametrize(("body", "headers", "status"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_a_body_that_is_no_order_is_refused(running, body, headers, status):
    answer = ask(running, body, method="POST", **headers)
    assert answer.status == status and answer.error["type"] == "invalid_request_error"


def test_odd_but_lawful_bodies_are_served(running):
    many = ORDER | {f"field_{index}": index for index in range(1000)}
    twice = b'{"input": "Other.", ' + ORDER_JSON[1:]
    for body in (json.dumps(many).encode(), twice, json.dumps(ORDER).encode("utf-16"), ORDER_JSON + b"\n" * 1000):
        assert ask(running, body).body == ask(running, ORDER).body


HEAD = b"POST /v1/audio/speech HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
WIRE = [
    ("nothing of HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50)),
    ("line of words", b"hello there server\r\n\r\n"),
    ("only line ends", b"\r\n" * 50 + b"\x00\r\n\r\n"),
    ("no path", b"GET\r\n\r\n"),
    ("no version", b"GET /health\r\n\r\n"),
    ("version of words", b"GET /health HTTP/one\r\nHost: a\r\n\r\n"),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("no host", b"GET /health HTTP/1.1\r\n\r\n"),
    ("two hosts", b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("path with control characters", b"GET /he\x01alth HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("path not ASCII", b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("method of nonsense", b"G\x00T /health HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("header without colon", b"GET /health HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n"),
    ("header with a space before its colon", b"GET /health HTTP/1.1\r\nHost : a\r\n\r\n"),
    ("folded header at the start", b"GET /health HTTP/1.1\r\n Host: a\r\n\r\n"),
    ("header with NUL", b"GET /health HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n"),
    ("header of 1 MB", b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n"),
    ("100,000 headers", b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 100_000 + b"\r\n"),
    ("path of 100 kB", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("length that is no number", HEAD + b"Content-Length: many\r\n\r\n{}"),
    ("negative length", HEAD + b"Content-Length: -5\r\n\r\n{}"),
    ("length in hexadecimal", HEAD + b"Content-Length: 0x10\r\n\r\n{}"),
    ("two lengths", HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    ("length of 2 GB", HEAD + b"Content-Length: 2147483648\r\n\r\n{}"),
    ("length of 30 digits", HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}"),
    ("length and chunks", HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ("unknown transfer encoding", HEAD + b"Transfer-Encoding: gzip\r\n\r\n{}"),
    ("chunk length that is no number", HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n"),
    ("chunk longer than it says", HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}{}{}\r\n0\r\n\r\n"),
    ("chunk of 16 hexadecimal digits", HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + b" " * 300_000),
    ("websocket", b"GET /v1/audio/speech HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    ("CONNECT", b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n"),
    ("absolute path of another server", b"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("TRACE", b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("expectation of nonsense", HEAD + b"Expect: 200-please\r\nContent-Length: 2\r\n\r\n{}"),
    ("body shorter than its length, then closed", HEAD + b"Content-Length: 50\r\n\r\n{}"),
]


@pytest.mark.parametrize("data", [case[1] for case in WIRE], ids=[case[0] for case in WIRE])
def test_broken_http_is_refused_or_cut_off_at_once(running, data):
    with connect(running) as bare:
        try:
            bare.sendall(data)
            bare.shutdown(1)
        except OSError:
            pass  # the server has had enough already
        answer = read_all(bare)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:200]
    assert b"Traceback" not in answer and b"/tts/" not in answer
    assert running.desk.scheduler.is_healthy()


def test_after_all_that_the_server_speaks(running):
    assert ask(running, ORDER).status == 200
    wait_until(lambda: running.desk.scheduler.n_open == 0)


def test_a_fault_of_ours_is_told_without_its_inside(running):
    answer = ask(running, ORDER | {"input": "Fail now."})
    assert answer.status == 500 and answer.error["type"] == "server_error" and answer.error["code"] == "internal_error"
    assert ask(running, ORDER).status == 200


def test_an_answer_that_fails_in_the_middle_is_seen_to_be_cut_off(running):
    import http.client

    order = ORDER | {"input": "Fail later, after a while."}
    with pytest.raises(http.client.IncompleteRead):
        ask(running, order)
    last = ask(running, order | {"stream_format": "sse"}).body.decode().strip().split("\n\n")[-1]
    event = json.loads(last.removeprefix("data: "))
    assert event["type"] == "error" and event["error"]["code"] == "internal_error" and "secret" not in last


def test_errors_are_counted_by_code(running):
    before = metric(running, "tts_errors_total")
    ask(running, ORDER | {"speed": 9})
    assert metric(running, "tts_errors_total") == before + 1


def test_an_answer_may_not_grow_without_end():
    with serving(max_audio_seconds=1) as running:
        assert ask(running, ORDER | {"input": "Short."}).status == 200
        with connect(running) as bare:
            bare.sendall(raw(ORDER | {"input": "Far too long for one second."}))
            answer = read_all(bare)
        assert answer.startswith(b"HTTP/1.1 200") and not answer.endswith(b"0\r\n\r\n")
        assert metric(running, "tts_requests_ended_total") == metric(running, "tts_requests_accepted_total") == 2


def test_a_key_is_asked_for_but_not_by_those_who_watch():
    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"demo"})

    def mount(app, desk):
        app.mount("/demo", page)
        return app

    with serving(api_key="open sesame", mount=mount) as running:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "open sesame"}, {"Authorization": "Bearer é"}):
            answer = ask(running, ORDER, **headers)
            assert answer.status == 401 and answer.error["code"] == "invalid_api_key"
            assert ask(running, path="/v1/models", **headers).status == 401
        assert ask(running, ORDER, Authorization="Bearer open sesame").status == 200
        assert ask(running, path="/health").status == ask(running, path="/metrics").status == 200
        assert ask(running, path="/demo/").status == ask(running, path="/demo/", Authorization="Basic ?").status == 401
        password = base64.b64encode(b"me:open sesame").decode()
        assert ask(running, path="/demo/", Authorization=f"Basic {password}").body == b"demo"
        assert ask(running, ORDER, Authorization=f"Basic {password}").status == 401
