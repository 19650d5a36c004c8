# SPDX-License-Identifier: Apache-2.0
"""Status lists and the https server that has them: signed by the provider, or by whom a test wants."""

import http.server
import json
import pathlib
import ssl
import tempfile
import threading
import zlib

from box import forge
from fetching.certificates import Authority

NAME = "lists.example"  # in the box's /etc/hosts


def packed(statuses: list[int], bits: int = 1) -> str:
    """`lst` of the statuses, as the draft packs them."""
    raw = bytearray((len(statuses) * bits + 7) // 8)
    for index, status in enumerate(statuses):
        raw[index * bits // 8] |= status << (index * bits % 8)
    return forge.encode(zlib.compress(bytes(raw), 9))


class Server:
    """Serves when made: each path its body, with an ETag; a path without one is 404."""

    def __init__(self, provider) -> None:
        self._made = tempfile.TemporaryDirectory(prefix="statuses-")
        folder = pathlib.Path(self._made.name)
        folder.chmod(0o755)
        authority = Authority(folder, "statuses-authority")
        self.ca_file = str(authority.file)
        self._certificate = authority.issue(NAME)
        self._provider = provider
        self.bodies: dict[str, str] = {}
        self.asked: list[str] = []  # "200 /1"
        self.accepted: list[str] = []  # Accept of each request
        self.moved: dict[str, str] = {}
        self._serving: http.server.ThreadingHTTPServer | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        statuses = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                body = statuses.bodies.get(self.path, "").encode()
                tag = f'"{zlib.crc32(body):08x}"'
                status = 404 if not body else 304 if self.headers.get("If-None-Match") == tag else 200
                if self.path in statuses.moved:
                    status = 302
                statuses.asked.append(f"{status} {self.path}")
                statuses.accepted.append(self.headers.get("Accept", ""))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", statuses.moved[self.path])
                self.send_header("ETag", tag)
                self.send_header("Content-Type", "application/statuslist+jwt")
                self.send_header("Content-Length", str(len(body) if status == 200 else 0))
                self.end_headers()
                if status == 200:
                    self.wfile.write(body)

            def log_message(self, *_) -> None:
                pass

        self._serving = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._serving.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate)
        self._serving.socket = context.wrap_socket(self._serving.socket, server_side=True)
        threading.Thread(target=self._serving.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._serving:
            self._serving.shutdown()
            self._serving.server_close()
            self._serving = None

    def close(self) -> None:
        self.stop()
        self._made.cleanup()

    def uri(self, path: str = "/lists/1") -> str:
        return f"https://{NAME}:{self.port}{path}"

    def publish(self, statuses: list[int], path: str = "/lists/1", bits: int = 2, sub: str = "", lst: str = "",
                options: tuple[str, ...] = (), **claims) -> None:
        """Signed by the provider's own key, unless `options` of its `mint` say otherwise."""
        claims = {"sub": sub or self.uri(path), "status_list": {"bits": bits, "lst": lst or packed(statuses, bits)}} | claims
        self.bodies[path] = self._provider.document("statuslist+jwt", claims, *options)

    def section(self, more: str = "") -> str:
        """Of the configuration."""
        return (f"revocation:\n  status_lists:\n    - name: corp-status\n      issuers: [ corp ]\n"
                f"      uris: [ {json.dumps(self.uri('/lists/'))} ]\n      ca_file: {self.ca_file}\n{more}")


def reference(uri: str, index: int) -> dict:
    """The claims of a token that refers to a list."""
    return {"status": {"status_list": {"idx": index, "uri": uri}}}
