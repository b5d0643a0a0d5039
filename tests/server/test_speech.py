"""What good callers get: the audio of their text, in the format they asked for, as OpenAI's clients expect it."""

import base64
import io
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
import soundfile as sf
from callers import ORDER, SPEECH, TIMESTAMPS, ask
from openai import BadRequestError, NotFoundError, OpenAI
from tones import RATE, tone_of

from tts.audio.io import to_pcm16

MEDIA = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


def pcm_of(text: str, speed: float = 1.0) -> bytes:
    return to_pcm16(tone_of(text, speed)).tobytes()


def decode(data: bytes) -> np.ndarray:
    """Samples at RATE of any format."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(io.BytesIO(data)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])


def peak_hertz(audio: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return float(np.argmax(spectrum)) * RATE / len(audio)


@pytest.fixture
def client(running):
    with OpenAI(base_url=f"{running.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def test_pcm_is_the_samples_of_the_text(running):
    answer = ask(running, ORDER)
    assert answer.status == 200 and answer.headers["Content-Type"] == "audio/pcm" and "Content-Length" not in answer.headers
    assert answer.body == pcm_of("Hello there.")
    assert answer.headers["X-Voice"] == "tone" and int(answer.headers["X-Seed"]) >= 0


@pytest.mark.parametrize("format", MEDIA)
def test_every_format_holds_the_tone_of_the_text_from_end_to_end(running, format):
    text = "A text that is long enough to be sent in more than one piece."
    answer = ask(running, ORDER | {"input": text, "response_format": format})
    assert answer.status == 200 and answer.headers["Content-Type"] == MEDIA[format]
    audio = np.frombuffer(answer.body, "<i2") / 32768 if format == "pcm" else decode(answer.body)
    expected = tone_of(text)
    assert -0.02 * RATE <= len(audio) - len(expected) <= 0.08 * RATE
    assert peak_hertz(audio) == pytest.approx(peak_hertz(expected), abs=2)
    inside = audio[RATE // 4 : -RATE // 4]
    assert np.sqrt(np.mean(inside[: len(inside) // 100 * 100].reshape(-1, 100) ** 2, axis=1)).min() > 0.2, "a gap"


def test_the_same_order_gives_the_same_bytes_in_every_format(running):
    for format in MEDIA:
        order = ORDER | {"response_format": format, "seed": 3}
        assert ask(running, order).body == ask(running, order).body


def test_mp3_is_the_default_and_a_wav_can_be_read_at_once(running):
    order = {name: value for name, value in ORDER.items() if name != "response_format"}
    assert ask(running, order).headers["Content-Type"] == "audio/mpeg"
    audio, rate = sf.read(io.BytesIO(ask(running, ORDER | {"response_format": "wav"}).body), dtype="int16")
    assert rate == RATE and audio.tobytes() == pcm_of("Hello there.")


def test_the_first_audio_comes_before_the_last_is_made(running):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    running.model.chunk_seconds = 0.01
    try:
        text = "word " * 50
        connection.request("POST", SPEECH, json.dumps(ORDER | {"input": text}), {"Content-Type": "application/json"})
        response = connection.getresponse()
        before, first = running.model.n_chunks, response.read(100)
        assert len(first) == 100 and running.model.n_chunks - before < 40
        assert first + response.read() == pcm_of(text)
    finally:
        running.model.chunk_seconds = 0.0
        connection.close()


def test_speed_and_settings_reach_the_voice_and_names_of_openai_mean_the_default(running):
    assert ask(running, ORDER | {"speed": 2}).body == pcm_of("Hello there.", 2)
    for voice in ("nova", "cedar", "tone", {"id": "tone"}):
        assert ask(running, ORDER | {"voice": voice}).headers["X-Voice"] == "tone"
    assert ask(running, ORDER | {"voice": {"id": "other"}}).headers["X-Voice"] == "other"
    assert ask(running, ORDER | {"seed": 77, "temperature": 0, "pause": 1}).headers["X-Seed"] == "77"
    for model in ("tts-1", "tts-1-hd", "gpt-4o-mini-tts-2025-12-15", "calm-tts"):
        assert ask(running, ORDER | {"model": model}).status == 200


def test_fields_without_effect_are_named(running):
    answer = ask(running, ORDER | {"instructions": "Whisper.", "lang_code": "a", "bad\r\nname": 1, "ü": 1})
    assert answer.status == 200 and answer.headers["X-Ignored"] == "instructions, lang_code"


def test_events_are_those_of_openai(running):
    answer = ask(running, ORDER | {"stream_format": "sse"})
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    *deltas, done = [json.loads(line.removeprefix("data: ")) for line in answer.body.decode().strip().split("\n\n")]
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == pcm_of("Hello there.")
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert usage["input_tokens"] == 12 and usage["output_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_times_of_words_come_as_one_object_or_line_by_line(running):
    text = "One two three. " * 10
    order = ORDER | {"input": text}
    whole = ask(running, order | {"stream": False}, TIMESTAMPS)
    assert whole.headers["Content-Type"] == "application/json"
    assert base64.b64decode(whole.json()["audio"], validate=True) == pcm_of(text)
    rows = whole.json()["timestamps"]
    assert [row["word"] for row in rows] == text.split() and rows[1] == {"word": "two", "start_time": 0.1, "end_time": 0.2}
    lines = [json.loads(line) for line in ask(running, order, "/dev/captioned_speech").body.splitlines()]
    assert len(lines) > 3 and {line["audio_format"] for line in lines} == {"audio/pcm"}
    assert b"".join(base64.b64decode(line["audio"]) for line in lines) == pcm_of(text)
    assert lines[0]["timestamps"] == rows and not lines[1]["timestamps"]
    assert ask(running, order | {"stream": False, "return_timestamps": False}, TIMESTAMPS).json()["timestamps"] is None
    mp3 = ask(running, order | {"stream": False, "response_format": "mp3"}, TIMESTAMPS).json()
    assert mp3["audio_format"] == "audio/mpeg" and peak_hertz(decode(base64.b64decode(mp3["audio"]))) > 100


def test_voices_models_and_the_schema_are_told(running):
    voices = ask(running, path="/v1/audio/voices").json()
    assert [voice["id"] for voice in voices["voices"]] == ["tone", "other"] and voices["default"] == "tone"
    models = ask(running, path="/v1/models").json()
    assert models["object"] == "list" and {"calm-tts", "tts-1"} <= {model["id"] for model in models["data"]}
    assert ask(running, path="/v1/models/tts-1").json()["object"] == "model"
    assert ask(running, path="/health").json()["status"] == "ok"
    assert SPEECH in ask(running, path="/openapi.json").json()["paths"]


def test_the_official_client_works_unchanged(client, tmp_path):
    order = {"model": "gpt-4o-mini-tts", "voice": "coral", "input": "Hello there."}
    assert client.audio.speech.create(**order, response_format="pcm").content == pcm_of("Hello there.")
    with client.audio.speech.with_streaming_response.create(**order, speed=0.5, response_format="wav") as response:
        response.stream_to_file(tmp_path / "hello.wav")
    assert sf.read(tmp_path / "hello.wav", dtype="int16")[0].tobytes() == pcm_of("Hello there.", 0.5)
    assert len(client.audio.speech.create(**order | {"voice": {"id": "other"}}).content) > 1000
    assert "tts-1" in {model.id for model in client.models.list()} and client.models.retrieve("tts-1").id == "tts-1"
    with pytest.raises(BadRequestError, match="speed: input should be less than or equal to 4") as refusal:
        client.audio.speech.create(**order, speed=9)
    assert refusal.value.param == "speed" and refusal.value.type == "invalid_request_error"
    with pytest.raises(NotFoundError, match="does not exist"):
        client.audio.speech.create(**order | {"model": "whisper-1"})


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_curl_gets_a_file(running, tmp_path):
    path = tmp_path / "hello.wav"
    order = json.dumps(ORDER | {"response_format": "wav"})
    command = ["curl", "-sf", f"{running.url}{SPEECH}", "-H", "Content-Type: application/json", "-d", order, "-o", str(path)]
    subprocess.run(command, check=True, timeout=30)
    assert sf.read(path, dtype="int16")[0].tobytes() == pcm_of("Hello there.")


def test_each_of_many_callers_gets_the_audio_of_its_own_text(running):
    texts = [f"Caller {index} says {index * 7919}." for index in range(60)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda text: ask(running, ORDER | {"input": text}), texts))
    assert [answer.body for answer in answers] == [pcm_of(text) for text in texts]
