# SPDX-License-Identifier: Apache-2.0
"""Answers of a FaultProvider: good ones, and each fault of SECURITY section 4 that a provider can have (F4 to F6, F10).

An answer is a coroutine function of an Exchange. What holds a connection ends with the client or with the provider.
"""

import asyncio
import gzip
import itertools
import json

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GIGABYTE = 1 << 30


def document(body: bytes, status: int = 200, **headers: str):
    """The whole body; `Retry_After="5"` becomes the header Retry-After."""
    async def answer(exchange) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await exchange.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    return answer


def tagged(body: bytes, tag: str, **headers: str):
    """304 where the client has it already."""
    async def answer(exchange) -> None:
        known = exchange.headers.get("If-None-Match") == tag
        await document(b"" if known else body, 304 if known else 200, ETag=tag, **headers)(exchange)
    return answer


def raw(*pieces: bytes):
    """These bytes in place of an HTTP answer, then the end of the connection."""
    async def answer(exchange) -> None:
        for piece in pieces:
            await exchange.send(piece)
    return answer


def half(body: bytes):
    return raw(HEAD + b"Content-Length: %d\r\n\r\n" % len(body), body[:len(body) // 2])


def drip(body: bytes, seconds: float = 1.0):
    """A byte a second."""
    async def answer(exchange) -> None:
        await exchange.send(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        for number in range(len(body)):
            await exchange.send(body[number:number + 1])
            await asyncio.sleep(seconds)
    return answer


async def silence(exchange) -> None:
    await exchange.closed_by_client()


async def hang_up(_exchange) -> None:
    pass


async def reset(exchange) -> None:
    """Torn down in the middle of a body."""
    await exchange.send(HEAD + b"Content-Length: 100\r\n\r\n{")
    exchange.reset()


async def gigabyte(exchange) -> None:
    """A body of 1 GB that says so."""
    await exchange.send(HEAD + b"Content-Length: %d\r\n\r\n" % GIGABYTE)
    await _pour(exchange, b" " * 65536, GIGABYTE // 65536)


async def unannounced_gigabyte(exchange) -> None:
    """The same without a length, as a valid start of a key set."""
    await exchange.send(HEAD + b"\r\n" + b'{"keys": [')
    await _pour(exchange, b" " * 65536, GIGABYTE // 65536)


async def endless_chunks(exchange) -> None:
    await exchange.send(CHUNKED)
    await _pour(exchange, b"1000\r\n" + b" " * 4096 + b"\r\n")


async def endless_headers(exchange) -> None:
    await exchange.send(HEAD)
    await _pour(exchange, b"X-More: " + b"x" * 1000 + b"\r\n")


async def _pour(exchange, piece: bytes, count: int | None = None) -> None:
    for _ in itertools.repeat(None) if count is None else range(count):
        await exchange.send(piece)


def gzip_bomb():
    """10 MB of gzip that unpack to 10 GB of zeros; nobody asked for compression."""
    piece = gzip.compress(bytes(10 << 20), 9)  # members of a gzip file may stand in a row
    return document(piece * (10 * (1 << 20) // len(piece)), Content_Type="application/json", Content_Encoding="gzip")


def small_gzip_bomb():
    """One that fits the limit of a key set, 250 kB for 250 MB."""
    piece = gzip.compress(bytes(10 << 20), 9)
    return document(piece * (250_000 // len(piece)), Content_Type="application/json", Content_Encoding="gzip")


def redirect(status: int, location: str):
    return document(b"", status=status, Location=location)


def key_set_of(count: int, key: dict, most: int) -> bytes:
    """A set with `count` keys, or as many as go into `most` bytes: copies of `key` under kids of their own."""
    keys, size = [], len('{"keys": []}')
    for number in range(count):
        text = json.dumps(key | {"kid": f"k{number}"}, separators=(",", ":"))
        size += len(text) + 1
        if size > most:
            break
        keys.append(text)
    return ('{"keys": [' + ",".join(keys) + "]}").encode()
