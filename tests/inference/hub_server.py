"""A hub of one repository on this machine: the few answers that huggingface_hub asks for."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY, COMMIT = "someone/tiny", "a" * 40


class Handler(BaseHTTPRequestHandler):
    """Answers from the server's `folder`, and writes down what was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        api, files = f"/api/models/{REPOSITORY}", f"/{REPOSITORY}/resolve/"
        if path in (api, *(f"{api}/revision/{revision}" for revision in ("main", "v1", COMMIT))):
            siblings = [{"rfilename": file.name} for file in self.server.folder.iterdir()]
            self._send(json.dumps({"id": REPOSITORY, "sha": COMMIT, "siblings": siblings}).encode())
        elif path == f"{api}/tree/{COMMIT}":
            self._send(json.dumps([_entry(file) for file in sorted(self.server.folder.iterdir())]).encode())
        elif path.startswith(files) and (file := self.server.folder / path.rpartition("/")[2]).is_file():
            self._send(file.read_bytes(), {"ETag": f'"{_oid(file)}"', "X-Repo-Commit": COMMIT})
        else:
            code = "RevisionNotFound" if path.startswith(api) else "RepoNotFound"
            self._send(b"{}", {"X-Error-Code": code}, 404)

    def _send(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body)), "Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Connection", "close")  # else a thread would go on answering after the server has gone
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _oid(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


def _entry(file: Path) -> dict:
    return {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": _oid(file)}


@contextmanager
def hub_of(folder: Path) -> Iterator[ThreadingHTTPServer]:
    """Serve a folder as the one repository; `server.url`, and `server.asked`: method and path of each request."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.folder, server.asked, server.url = folder, [], f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
