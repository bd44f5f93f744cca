"""A bad road to a real S3 server: some requests are throttled, some connections break."""

import collections
import contextlib
import dataclasses
import http.client
import http.server
import random
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any, ClassVar

SLOW_DOWN = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"""
# What may befall a request. `lost`: it was done, and nobody hears of it. `cut`: half of the body.
ON_READING = ("throttled", "closed", "cut")
ON_WRITING = ("throttled", "closed", "lost")
# Answers that no further try makes better; they happen only where they are asked for.
REFUSALS = {"forbidden": (403, "AccessDenied"), "bad": (400, "InvalidRequest")}
# These belong to one connection, not to the message.
OWN_HEADERS = frozenset({"connection", "content-length", "expect", "transfer-encoding"})


@dataclasses.dataclass
class Road:
    """Where clients go, which requests fare badly, and a count of what has happened to them.

    Attributes
    ----------
    faults : tuple of str
        Only these happen.
    share : float
        The part of the requests that fares badly; 0 and 1 are exact.
    only : str
        Requests without this in method or path (`GET /archive?list-type=2`) pass.
    """

    address: str
    share: float
    rng: random.Random
    faults: tuple[str, ...] = (*ON_READING, *ON_WRITING)
    only: str = ""
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def fault(self, method: str, path: str) -> str:
        """What befalls this request; `passed` if nothing does."""
        possible = [k for k in (ON_WRITING, ON_READING)[method == "GET"] if k in self.faults]
        possible += [k for k in REFUSALS if k in self.faults]
        with self.lock:
            is_bad = possible and self.only in f"{method} {path}" and self.rng.random() < self.share
            found = self.rng.choice(possible) if is_bad else "passed"
            self.counts[found] += 1
        return found


@contextlib.contextmanager
def flaky(
    target: str, share: float = 0.15, seed: int = 0, port: int = 0, **more: Any
) -> Iterator[Road]:
    """A proxy before the server at the address `target`; when the block ends, nobody is there."""
    host = urllib.parse.urlsplit(target).netloc

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = road.fault(self.command, self.path)
            if fault == "closed":
                self.hang_up()
            elif fault == "throttled":
                self.answer(503, [("Content-Type", "application/xml")], SLOW_DOWN)
            elif fault in REFUSALS:
                status, code = REFUSALS[fault]
                said = f"<Error><Code>{code}</Code><Message>{fault} object</Message></Error>"
                self.answer(status, [("Content-Type", "application/xml")], said.encode())
            else:
                status, headers, found = self.forwarded(body)
                if fault == "lost":
                    self.hang_up()
                elif fault == "cut":
                    self.answer(status, headers, found, n_sent=len(found) // 2)
                    self.hang_up()
                else:
                    self.answer(status, headers, found)

        def forwarded(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            there = http.client.HTTPConnection(host, timeout=60)
            with contextlib.closing(there):
                headers = [(k, v) for k, v in self.headers.items() if k.lower() not in OWN_HEADERS]
                there.putrequest(self.command, self.path, True, True)
                for name, value in (*headers, ("Content-Length", str(len(body)))):
                    there.putheader(name, value)
                there.endheaders(body)
                answer = there.getresponse()
                found = answer.read()
                headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in OWN_HEADERS]
                if self.command == "HEAD":
                    headers.append(("Content-Length", answer.headers["Content-Length"] or "0"))
                return answer.status, headers, found

        def answer(
            self,
            status: int,
            headers: list[tuple[str, str]],
            body: bytes,
            n_sent: int | None = None,
        ) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(body)))
            elif status in (400, 403, 503):
                self.send_header("Content-Length", "0")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[:n_sent])

        def hang_up(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.handle_request
            raise AttributeError(name)

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        connections: ClassVar[set[socket.socket]] = set()

        def process_request(self, request: Any, client_address: Any) -> None:
            self.connections.add(request)
            super().process_request(request, client_address)

        def shutdown_request(self, request: Any) -> None:
            self.connections.discard(request)
            super().shutdown_request(request)

        def handle_error(self, *_: object) -> None:
            """A client that goes away in the middle is no news."""

    server = Server(("127.0.0.1", port), Handler)
    road = Road(f"http://127.0.0.1:{server.server_port}", share, random.Random(seed), **more)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield road
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for connection in tuple(server.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
