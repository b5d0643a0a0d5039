"""Voices of several speakers over HTTP: by name, and by nothing else."""

import pytest
from callers import ORDER, ask
from tones import serving

from tts import TTS
from tts.server.desk import load_speakers


@pytest.fixture(scope="module")
def choir(choir_voice, shared_g2p):
    with serving(TTS.load(choir_voice)) as running:
        yield running


def test_a_request_names_its_speaker(choir):
    order = ORDER | {"seed": 1, "input": "Hello."}
    answers = [ask(choir, order | more) for more in ({}, {"speaker": "anna"}, {"speaker": "bert"})]
    assert [answer.status for answer in answers] == [200] * 3
    assert answers[0].body == answers[1].body != answers[2].body


def test_who_is_no_speaker_is_refused_and_no_file_is_opened(choir, tmp_path):
    (tmp_path / "take.wav").write_bytes(b"RIFF")
    for name in ("carl", str(tmp_path / "take.wav")):
        answer = ask(choir, ORDER | {"speaker": name})
        assert answer.status == 400 and "unknown speaker" in answer.error["message"]
    assert ask(choir, ORDER | {"speaker": "x" * 300}).status == 400


def test_speakers_of_a_voice_are_listed(choir_voice, shared_g2p):
    (voice,) = load_speakers([str(choir_voice)])
    assert voice.names == ("anna", "bert")
