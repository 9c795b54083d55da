"""A site that gives models as a test wants it: whole, wrong, cut, or standing still."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ivr.speech.models import ModelSource

NAME = "vosk-model-small-xx"
FILES = (
    "am/final.mdl",
    "conf/model.conf",
    "conf/mfcc.conf",
    "graph/HCLr.fst",
    "graph/Gr.fst",
    "graph/disambig_tid.int",
)


def archive(*names: str, extra: dict[str, bytes] | None = None) -> bytes:
    """An archive of a made-up model."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for name in names or FILES:
            packed.writestr(f"{NAME}/{name}", b"x")
        for name, content in (extra or {}).items():
            packed.writestr(name, content)
    return held.getvalue()


@dataclass(slots=True)
class Site:
    """What the site answers. `stop_after` bytes it stands still, or `cut`s the connection."""

    content: bytes = field(default_factory=archive)
    status: int = 200
    stop_after: int | None = None
    cut: bool = False
    address: str = ""
    asked: int = 0
    stands: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def source(self, language: str = "xx", sha256: str | None = None) -> ModelSource:
        """The source of what this site gives, with its own checksum unless another is named."""
        own = hashlib.sha256(self.content).hexdigest()
        return ModelSource(language, NAME, sha256 or own, len(self.content), site=self.address)


@contextmanager
def running_site(site: Site) -> Iterator[Site]:
    """Serve it on a port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked += 1
            self.send_response(site.status)
            self.send_header("Content-Length", str(len(site.content)))
            self.end_headers()
            if site.stop_after is None:
                self.wfile.write(site.content)
                return
            self.wfile.write(site.content[: site.stop_after])
            if not site.cut:
                site.stands.set()
                assert site.go_on.wait(60)
                self.wfile.write(site.content[site.stop_after :])

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that went away is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        yield site
    finally:
        site.go_on.set()
        server.shutdown()
        server.server_close()
        serving.join()
