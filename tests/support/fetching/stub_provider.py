# SPDX-License-Identifier: Apache-2.0
"""A provider whose every answer a test decides, on a free port of 127.0.0.1, and which counts what it is asked."""

import contextlib
import http.server
import json
import socket
import ssl
import threading

METADATA = "/.well-known/openid-configuration"
JWKS = "/jwks"
KEY_SET = b'{"keys": []}'


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        provider = self.server.provider
        with provider.lock:
            provider.requests.append((self.path, dict(self.headers)))
        provider.routes.get(self.path, missing)(self)

    def do_POST(self) -> None:
        """As a GET; the form, read whole, is the handler's `form`."""
        self.form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.do_GET()

    def log_message(self, *_arguments) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, provider, tls) -> None:
        self.provider = provider
        self._tls = tls
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request, address) -> None:
        # The handshake belongs to the connection's own thread: a client that stalls or refuses stops nobody else.
        with contextlib.suppress(OSError):
            with self._tls.wrap_socket(request, server_side=True) as wrapped:
                super().finish_request(wrapped, address)

    def handle_error(self, request, address) -> None:
        pass  # a client that turned away is what most of these tests are about


class StubProvider:
    """`certificate` is a file with key and certificate. `routes` maps paths to functions of the request's handler."""

    def __init__(self, certificate, configure_tls=lambda context: None, host: str = "127.0.0.1") -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        configure_tls(context)
        self.lock = threading.Lock()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._server = _Server(self, context)
        self.port = self._server.server_address[1]
        self.origin = f"https://{host}:{self.port}"
        self.routes = {METADATA: document(self.metadata()), JWKS: document(KEY_SET)}
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def metadata(self, **changes) -> bytes:
        members = {"issuer": self.origin, "jwks_uri": self.origin + JWKS} | changes
        return json.dumps(members).encode()

    def asked(self, path: str) -> int:
        with self.lock:
            return sum(1 for seen, _headers in self.requests if seen == path)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


# Answers.

def document(body: bytes, status: int = 200, **headers: str):
    """The whole body; `Retry_After="5"` becomes the header Retry-After."""
    def answer(handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return answer


missing = document(b"not here", status=404)


def tagged(body: bytes, tag: str, **headers: str):
    """304 where the client has it already."""
    def answer(handler) -> None:
        if handler.headers.get("If-None-Match") == tag:
            document(b"", status=304, ETag=tag, **headers)(handler)
        else:
            document(body, ETag=tag, **headers)(handler)
    return answer


def dated(body: bytes, date: str):
    """304 where the client's copy is of that date; no tag."""
    def answer(handler) -> None:
        if handler.headers.get("If-Modified-Since") == date:
            document(b"", status=304, Last_Modified=date)(handler)
        else:
            document(body, Last_Modified=date)(handler)
    return answer


def raw(*pieces: bytes, hold: threading.Event | None = None):
    """These bytes in place of an HTTP answer; then the connection ends, or stays silent until `hold` is set."""
    def answer(handler) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
        handler.wfile.flush()
        if hold is not None:
            hold.wait(60)
        handler.close_connection = True
    return answer


def endless(head: bytes, piece: bytes):
    """`head`, then `piece` for as long as the client takes it."""
    def answer(handler) -> None:
        handler.wfile.write(head)
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(piece)
        handler.close_connection = True
    return answer


def reset(handler) -> None:
    """The connection is torn down in the middle of the answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    handler.close_connection = True


def drip(released: threading.Event):
    """Never ends and never stalls: a kilobyte a tenth of a second, fast enough for a limit on speed alone."""
    def answer(handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while not released.wait(0.1):
                handler.wfile.write(b"x" * 1024)
        handler.close_connection = True
    return answer


def until_left(asked: threading.Event, left: threading.Event):
    """Says nothing; sets `asked` at once, and `left` when the client has closed the connection."""
    def answer(handler) -> None:
        asked.set()
        with contextlib.suppress(OSError):
            while handler.connection.recv(1):
                pass
        left.set()
        handler.close_connection = True
    return answer


class Proxy:
    """An HTTP proxy that makes tunnels, keeps the heads of what it is asked, and may lead elsewhere (`towards` a port)
    or give an `answer` of its own in place of a tunnel."""

    def __init__(self, answer: bytes | None = None, towards: int | None = None) -> None:
        self.heads: list[bytes] = []
        self._answer = answer
        self._towards = towards
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(60)
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(4096)
                if not more:
                    return
                head += more
            self.heads.append(head)
            if self._answer is not None:
                connection.sendall(self._answer)
                return
            port = self._towards or int(head.split(b" ")[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port)) as target:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(target, connection))
                back.start()
                _pump(connection, target)
                back.join()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for thread in self._threads:
            thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
