# SPDX-License-Identifier: Apache-2.0
"""A provider with a switch for every fault, and a count of what it is asked. One thread serves any number of connections,
however long they are held: a provider that hangs must not be what brings the test down.

`door` says what happens before any HTTP: "tls" (a good provider), "plain" (HTTP without TLS), "close", "reset", "silent".
`routes` says what each path answers (faults.py has the answers); `use_certificate` changes the certificate of the next
handshake. All of it may be changed while it runs, from any thread.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import time

METADATA = "/.well-known/openid-configuration"
JWKS = "/jwks"
_HEADER_MOST = 65536
_PATIENCE_S = 60  # longer than any fetch; only keeps a held connection from being kept for ever


class Exchange:
    """One request, for the answer that a route gives."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str,
                 headers: dict[str, str], provider: "FaultProvider") -> None:
        self.reader = reader
        self.writer = writer
        self.method = method
        self.path = path
        self.headers = headers
        self.provider = provider

    async def send(self, data: bytes) -> None:
        """Gives every other connection its turn, and ends with the client: asyncio alone does neither where it drops
        what is written to a connection that the client has closed."""
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)
        if self.reader.at_eof():
            raise ConnectionResetError("the client has gone")

    async def closed_by_client(self) -> None:
        """Returns when the client has gone."""
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            while await asyncio.wait_for(self.reader.read(4096), _PATIENCE_S):
                pass

    def reset(self) -> None:
        _linger(self.writer.get_extra_info("socket"))
        self.writer.transport.abort()


class FaultProvider:
    def __init__(self, certificate, host: str = "127.0.0.1", address: str = "127.0.0.1", port: int = 0) -> None:
        self.door = "tls"
        self.routes: dict[str, object] = {}
        self.requests: list[tuple[float, str, dict[str, str]]] = []
        self.connections: list[float] = []
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task] = set()
        self._accepting: asyncio.Task | None = None
        self._listener: socket.socket | None = None
        self.use_certificate(certificate)
        self._address = address
        self.port = port
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.listen()
        self.origin = f"https://{host}:{self.port}"

    # Switches.

    def use_certificate(self, certificate, tls_versions: tuple[ssl.TLSVersion, ssl.TLSVersion] | None = None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")  # it is the client that shall refuse what is weak
        if tls_versions:
            context.minimum_version, context.maximum_version = tls_versions
        context.load_cert_chain(certificate)
        self._context = context

    def listen(self) -> None:
        """Takes connections, at the port that it had before."""
        if self._listener:
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self._address, self.port))
        listener.listen(1024)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._call(self._start_accepting())

    def refuse(self) -> None:
        """Nobody listens any more; who connects is refused by the kernel."""
        if self._listener:
            self._call(self._stop_accepting())
            self._listener.close()
            self._listener = None

    def stand_behind(self, door: str) -> None:
        """The next connections meet that `door`, or with "refuse" nobody; serving again is listen() and another door."""
        self.door = door
        if door == "refuse":
            self.refuse()

    def metadata(self, **changes) -> bytes:
        members = {"issuer": self.origin, "jwks_uri": self.origin + JWKS} | changes
        return json.dumps(members).encode()

    # Counts.

    def asked(self, path: str, since: float = 0, until: float = float("inf")) -> int:
        """Requests for the path in a span of time.monotonic()."""
        with self._lock:
            return sum(1 for at, seen, _ in self.requests if seen == path and since <= at < until)

    def first_asked(self, path: str, since: float) -> float | None:
        """When it was first asked for the path from then on."""
        with self._lock:
            return next((at for at, seen, _ in self.requests if seen == path and at >= since), None)

    def connected(self, since: float = 0, until: float = float("inf")) -> int:
        with self._lock:
            return sum(1 for at in self.connections if since <= at < until)

    def close(self) -> None:
        self.refuse()
        self._call(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # The loop's own.

    def _call(self, coroutine) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_PATIENCE_S)

    async def _start_accepting(self) -> None:
        self._accepting = self._loop.create_task(self._accept(self._listener))

    async def _stop_accepting(self) -> None:
        self._accepting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._accepting

    async def _end_all(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _address = await self._loop.sock_accept(listener)
            with self._lock:
                self.connections.append(time.monotonic())
            task = self._loop.create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        """A client that turns away in the middle is what most of this is about, so it is no error."""
        if self.door in ("close", "reset"):
            if self.door == "reset":
                _linger(connection)
            connection.close()
            return
        if self.door == "silent":
            with connection, contextlib.suppress(OSError, asyncio.TimeoutError):
                while await asyncio.wait_for(self._loop.sock_recv(connection, 4096), _PATIENCE_S):
                    pass
            return
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.TimeoutError,
                                 asyncio.LimitOverrunError):
            await self._speak(connection)

    async def _speak(self, connection: socket.socket) -> None:
        reader = asyncio.StreamReader(limit=_HEADER_MOST)
        protocol = asyncio.StreamReaderProtocol(reader)
        options = {} if self.door == "plain" else {"ssl": self._context, "ssl_handshake_timeout": _PATIENCE_S,
                                                   "ssl_shutdown_timeout": 1}
        try:
            transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, connection, **options)
        except BaseException:
            connection.close()
            raise
        writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        try:
            exchange = await asyncio.wait_for(self._read_request(reader, writer), _PATIENCE_S)
            with self._lock:
                self.requests.append((time.monotonic(), exchange.path, exchange.headers))
            await self.routes.get(exchange.path, _missing)(exchange)
            await writer.drain()
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError, asyncio.TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 2)

    async def _read_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        first_byte = await reader.readexactly(1)
        if first_byte == b"\x16":  # a TLS handshake where we speak plain HTTP: what web servers say to that
            await Exchange(reader, writer, "", "", {}, self).send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            raise ConnectionResetError("TLS")
        head = (first_byte + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _version = (first + "  ").split(" ", 2)
        headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        return Exchange(reader, writer, method, path, headers, self)


async def _missing(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def _linger(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
