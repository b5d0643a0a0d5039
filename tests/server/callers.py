"""Clients: a good one, and a bare socket for the bad ones."""

import http.client
import json
import socket
from dataclasses import dataclass

ORDER = {"model": "tts-1", "voice": "alloy", "input": "Hello there.", "response_format": "pcm"}
SPEECH, TIMESTAMPS = "/v1/audio/speech", "/v1/audio/speech/timestamps"


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def error(self) -> dict:
        """The error, which must be in OpenAI's shape and show nothing of the inside."""
        (name, error), *rest = self.json().items()
        assert name == "error" and not rest and set(error) == {"message", "type", "param", "code"}
        assert error["message"] and error["code"] and "Traceback" not in error["message"] and "secret" not in error["message"]
        return error


def ask(running, body=None, path=SPEECH, method=None, **headers) -> Answer:
    """One request on a connection of its own; a dict is sent as JSON, headers as given with _ for -."""
    data = json.dumps(body).encode() if isinstance(body, dict | list) else body
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, data, sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def metric(running, name: str) -> float:
    """A figure of /metrics."""
    lines = ask(running, path="/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.partition(" ")[0].partition("{")[0] == name)


def raw(order: dict, path: str = SPEECH) -> bytes:
    """A whole request as bytes."""
    body = json.dumps(order).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def connect(running, receive_bytes: int = 0) -> socket.socket:
    """A bare connection; receive_bytes limits what the system takes before it is read."""
    bare = socket.socket()
    if receive_bytes:
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    bare.settimeout(10)
    bare.connect(("127.0.0.1", running.port))
    return bare


def read_all(bare: socket.socket) -> bytes:
    """All that comes until the server closes."""
    parts = []
    try:
        while data := bare.recv(65_536):
            parts.append(data)
    except ConnectionResetError:
        pass
    return b"".join(parts)
