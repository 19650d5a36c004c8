# SPDX-License-Identifier: Apache-2.0
"""The way to a provider through a proxy, and its key held to pins."""

import contextlib
import socket

import pytest

from fetching import stub_provider
from fetching.setting import pin_of, section
from fetching.stub_provider import JWKS, StubProvider


def test_a_proxy_of_the_configuration_is_a_tunnel_that_sees_no_more_than_a_name(start, provider, authority):
    with contextlib.closing(stub_provider.Proxy()) as proxy:
        fetchd = start(section(provider, authority, proxy=proxy.url),
                       environment={"no_proxy": "*", "NO_PROXY": "*", "https_proxy": "http://127.0.0.1:1"})
        assert fetchd.fetch("corp", etag='"x"').status == "ok"
        assert [head.split(b" ")[:2] for head in proxy.heads] == [
            [b"CONNECT", f"127.0.0.1:{provider.port}".encode()]] * 2
        for head in proxy.heads:
            assert b"if-none-match" not in head.lower() and b"authorization" not in head.lower()
        assert provider.asked(JWKS) == 1


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 407 Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 No\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"nonsense\r\n\r\n",
    b"",
], ids=["password", "unavailable", "redirect", "large", "nonsense", "closed"])
def test_a_proxy_that_will_not_brings_nothing_and_is_never_given_a_password(start, provider, authority, answer):
    with contextlib.closing(stub_provider.Proxy(answer)) as proxy:
        got = start(section(provider, authority, proxy=proxy.url)).fetch("corp")
        assert got.status == "failed", got
        assert got.error.startswith("corp: metadata: "), got
        assert all(b"authorization" not in head.lower() for head in proxy.heads)
    assert provider.requests == []


def test_a_proxy_that_plays_the_provider_has_not_its_certificate(start, provider, authority, stranger):
    with contextlib.closing(StubProvider(stranger.issue())) as impostor:
        with contextlib.closing(stub_provider.Proxy(towards=impostor.port)) as proxy:
            got = start(section(provider, authority, proxy=proxy.url)).fetch("corp")
    assert got.error.startswith("corp: metadata: TLS certificate: "), got


def test_a_proxy_that_is_gone_is_no_reason_to_go_around_it(start, provider, authority):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    got = start(section(provider, authority, proxy=url)).fetch("corp")
    assert got.status == "failed"
    assert provider.requests == []


def test_a_pin_holds_the_provider_to_its_key(start, authority):
    file = authority.issue()
    good, other = pin_of(file), pin_of(authority.issue())
    with contextlib.closing(StubProvider(file)) as provider:
        fetchd = start(section(provider, authority, tls_pins=[other, good]),
                       section(provider, authority, name="wrong", issuer=provider.origin + "/w",
                               jwks_uri=provider.origin + JWKS, tls_pins=[other]))
        assert fetchd.fetch("corp").status == "ok"
        asked = len(provider.requests)
        wrong = fetchd.fetch("wrong")
        assert wrong.error.startswith("wrong: jwks: TLS pin: "), wrong
        assert len(provider.requests) == asked, "nothing was said to whoever that is"


def test_a_pin_does_not_stand_for_the_authority(start, authority, stranger):
    file = stranger.issue()
    with contextlib.closing(StubProvider(file)) as provider:
        got = start(section(provider, authority, tls_pins=[pin_of(file)])).fetch("corp")
    assert got.error.startswith("corp: metadata: TLS certificate: "), got
