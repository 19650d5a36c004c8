# SPDX-License-Identifier: Apache-2.0
"""What a provider answers is bounded and whole; no fault brings a document in, each is named, none outlives itself."""

import contextlib
import gzip
import json
import socket
import threading

import pytest

from fetching import stub_provider
from fetching.setting import section
from fetching.stub_provider import JWKS, KEY_SET, METADATA, StubProvider, document, endless, raw


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MOST = 262_144


@pytest.mark.parametrize("what, answer, cause", [
    ("said to be too large", raw(HEAD + b"Content-Length: 262145\r\n\r\n"), "the document is larger than 262144 bytes"),
    ("too large without a length", endless(HEAD + b"\r\n", b"x" * 65536), "the document is larger than 262144 bytes"),
    ("endless chunks", endless(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), "the document is larger than 262144 bytes"),
    ("endless header", endless(HEAD, b"X-More: " + b"x" * 1000 + b"\r\n"), "the header is larger than 65536 bytes"),
    ("endless interim answers", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "the header has more than 256 lines"),
    ("a header of very many lines", raw(HEAD + b"Cache-Control:\r\n" * 4_000 + b"Content-Length: 2\r\n\r\n{}"),
     "the header has more than 256 lines"),
    ("half a body", raw(HEAD + b"Content-Length: 100\r\n\r\n{"), "transfer: "),
    ("half a chunk", raw(CHUNKED + b"64\r\n{"), "transfer: "),
    ("torn down", stub_provider.reset, "transfer: "),
    ("closed at once", raw(), "transfer: "),
    ("no HTTP at all", raw(b"220 mail.example.com ESMTP\r\n"), "transfer: "),
    ("empty", document(b""), "the document is empty"),
    ("compressed", document(gzip.compress(b"x" * MOST), Content_Encoding="gzip"),
     "the document is compressed though nobody asked for it"),
    ("a part", document(KEY_SET, status=206), "HTTP status 206"),
    ("no content", document(b"", status=204), "HTTP status 204"),
    ("not found", document(b"<html>", status=404), "HTTP status 404"),
    ("broken", document(b"<html>", status=500), "HTTP status 500"),
])
def test_a_bad_answer_is_a_failure_that_says_why(start, provider, what, answer, cause):
    provider.routes[JWKS] = answer
    fetchd = start(provider)
    got = fetchd.fetch("corp")
    assert got.status == "failed", what
    assert got.error.startswith(f"corp: jwks: {cause}"), got
    provider.routes[JWKS] = document(KEY_SET)
    assert fetchd.fetch("corp").status == "ok", "nothing is left of it"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{", b'{"issuer": "x"', b'{"a": 1, "a": 2}', b"\xff\xfe"])
def test_discovery_that_is_no_metadata_brings_no_keys(start, provider, body):
    provider.routes[METADATA] = document(body)
    answer = start(provider).fetch("corp")
    assert answer.error.startswith("corp: metadata: "), answer
    assert provider.asked(JWKS) == 0


def test_discovery_has_a_smaller_bound_than_keys(start, provider):
    provider.routes[METADATA] = document(provider.metadata(pad="x" * 262_144))
    assert start(provider).fetch("corp").error == "corp: metadata: the document is larger than 262144 bytes"


def test_a_document_of_exactly_the_bound_comes_through(start, provider):
    body = b'{"keys": []}' + b" " * (MOST - len(KEY_SET))
    provider.routes[JWKS] = document(body)
    assert start(provider).fetch("corp").body == body


@pytest.mark.parametrize("status", [429, 503])
def test_a_provider_that_wants_to_be_left_alone_is_passed_on(start, provider, status):
    provider.routes[METADATA] = document(b"", status=status, Retry_After="120")
    answer = start(provider).fetch("corp")
    assert answer.error == f"corp: metadata: HTTP status {status}"
    assert answer.message["retry_after_s"] == 120


def test_errors_hold_nothing_of_a_body(start, provider):
    provider.routes[JWKS] = raw(b"HTTP/1.1 500 SECRET-PHRASE\r\nX-Secret: SECRET\r\nContent-Length: 6\r\n\r\nSECRET")
    fetchd = start(provider)
    assert "SECRET" not in fetchd.fetch("corp").error
    provider.routes[JWKS] = raw(b"SECRET nonsense\r\n\r\n")
    assert "SECRET" not in fetchd.fetch("corp").error
    assert "SECRET" not in fetchd.log()


@pytest.mark.parametrize("what", ["handshake", "silence", "trickle", "drip", "second document"])
def test_a_provider_that_hangs_ends_at_the_timeout_and_delays_nobody(start, provider, authority, what):
    released = threading.Event()
    with contextlib.ExitStack() as stack:
        stack.callback(released.set)
        slow = stack.enter_context(contextlib.closing(StubProvider(authority.issue())))
        issuer = section(slow, authority, name="slow", fetch_timeout="1s")
        if what == "handshake":  # accepts by its queue, says nothing
            silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            issuer["issuer"] = f"https://127.0.0.1:{silent.getsockname()[1]}"
        elif what == "silence":
            slow.routes[METADATA] = raw(hold=released)
        elif what == "trickle":
            slow.routes[METADATA] = raw(HEAD + b"Content-Length: 100\r\n\r\n{", hold=released)
        elif what == "drip":
            slow.routes[METADATA] = stub_provider.drip(released)
        else:
            slow.routes[JWKS] = raw(hold=released)
        fetchd = start(provider, issuer)
        with fetchd.connect() as latchkeyd:
            digests = {name: fetchd.digest(name) for name in ("slow", "corp")}
            slow_id = latchkeyd.ask("slow", digest=digests["slow"])
            quick_id = latchkeyd.ask("corp", digest=digests["corp"])
            first, second = latchkeyd.answer(), latchkeyd.answer()
        assert (first.message["id"], first.status) == (quick_id, "ok")
        assert (second.message["id"], second.status) == (slow_id, "failed")
        assert "timeout: " in second.error, second
