# SPDX-License-Identifier: Apache-2.0
"""Who latchkey-fetchd speaks to, and where: no bad certificate, redirect, foreign origin or setting of the machine brings a
document in."""

import contextlib
import os
import pathlib
import select
import socket
import ssl
import subprocess

import pytest

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from fetching.daemon import DEADLINE_S, config_text
from fetching.name_server import NameServer
from fetching.setting import FETCHD, IN_BOX, section
from fetching.stub_provider import JWKS, KEY_SET, METADATA, StubProvider, document


@pytest.mark.parametrize("what, certificate", [
    ("another authority", lambda own, other: other.issue()),
    ("signed by itself", lambda own, other: own.issue(self_signed=True)),
    ("expired", lambda own, other: own.issue(begins_days=-3, ends_days=-1)),
    ("not yet valid", lambda own, other: own.issue(begins_days=1, ends_days=2)),
    ("another host's", lambda own, other: own.issue(host="id.example.com")),
    ("another address's", lambda own, other: own.issue(host="127.0.0.2")),
    ("not for servers", lambda own, other: own.issue(usage=ExtendedKeyUsageOID.CLIENT_AUTH)),
])
def test_a_bad_certificate_brings_nothing(start, authority, stranger, what, certificate):
    with contextlib.closing(StubProvider(certificate(authority, stranger))) as provider:
        answer = start(provider).fetch("corp")
        assert answer.status == "untrusted", what
        assert answer.error.startswith("corp: metadata: TLS certificate: "), answer
        assert provider.requests == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(start, authority):
    def only_tls_1_1(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    with contextlib.closing(StubProvider(authority.issue(), only_tls_1_1)) as provider:
        answer = start(provider).fetch("corp")
        assert answer.error.startswith("corp: metadata: TLS: "), answer
        assert provider.requests == []


def test_a_missing_ca_file_is_named(start, provider, authority):
    answer = start(section(provider, authority, ca_file="/nonexistent/ca.pem")).fetch("corp")
    assert answer.status == "failed"
    assert answer.error.startswith("corp: metadata: CA file: "), answer


def test_a_ca_file_that_was_replaced_counts_at_once(start, provider, authority, stranger, tmp_path):
    own = tmp_path / "trusted.pem"
    own.write_bytes(authority.file.read_bytes())
    fetchd = start(section(provider, authority, ca_file=str(own)))
    assert fetchd.fetch("corp").status == "ok"
    own.write_bytes(stranger.file.read_bytes())
    assert fetchd.fetch("corp").error.startswith("corp: metadata: TLS certificate: ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", [METADATA, JWKS])
def test_redirects_are_refused(start, provider, status, path):
    provider.routes[path] = document(b"", status=status, Location=provider.origin + "/elsewhere")
    provider.routes["/elsewhere"] = document(KEY_SET)
    answer = start(provider).fetch("corp")
    assert answer.error == f"corp: {'metadata' if path == METADATA else 'jwks'}: HTTP status {status}: redirects are refused"
    assert provider.asked("/elsewhere") == 0


@pytest.mark.parametrize("jwks_uri", [
    "http://127.0.0.1:{port}/jwks", "file:///etc/passwd", "https://127.0.0.1:1/jwks", "https://169.254.169.254/jwks",
    "https://127.0.0.1@id.example.com:{port}/jwks", "https://127.0.0.1:{port}#/jwks", "//127.0.0.1:{port}/jwks", "", 7])
def test_keys_come_from_allowed_origins_only(start, provider, jwks_uri):
    jwks_uri = jwks_uri.format(port=provider.port) if isinstance(jwks_uri, str) else jwks_uri
    provider.routes[METADATA] = document(provider.metadata(jwks_uri=jwks_uri))
    answer = start(provider).fetch("corp")
    assert answer.status == "failed"
    assert answer.error.startswith("corp: metadata: ") or answer.error.startswith("corp: jwks: ")
    assert provider.asked(JWKS) == 0


def test_keys_may_lie_at_an_origin_that_the_configuration_names(start, provider, authority):
    with contextlib.closing(StubProvider(authority.issue())) as keys:
        keys.routes[JWKS] = document(b'{"keys": [{}]}')
        provider.routes[METADATA] = document(provider.metadata(jwks_uri=keys.origin + JWKS))
        fetchd = start(provider)
        refused = fetchd.fetch("corp")
        assert refused.status == "failed"
        assert keys.requests == []
        fetchd.write_config([section(provider, authority, origins=[keys.origin])])
        assert fetchd.fetch("corp").body == b'{"keys": [{}]}'


def test_the_issuer_of_the_document_is_compared_byte_for_byte(start, provider):
    provider.routes[METADATA] = document(provider.metadata(issuer=provider.origin + "/"))
    answer = start(provider).fetch("corp")
    assert answer.status == "failed"
    assert answer.error.startswith("corp: metadata: ")
    assert provider.asked(JWKS) == 0


def test_a_jwks_uri_of_the_configuration_needs_no_discovery(start, provider, authority):
    fetchd = start(section(provider, authority, jwks_uri=provider.origin + JWKS))
    assert fetchd.fetch("corp").body == KEY_SET
    assert fetchd.fetch("corp", "metadata").status == "failed"
    assert provider.asked(METADATA) == 0


def test_http_is_refused_by_the_configuration(tmp_path, authority, provider):
    config = tmp_path / "latchkey.yaml"
    config.write_text(config_text([section(provider, authority, issuer=f"http://127.0.0.1:{provider.port}")]))
    checked = subprocess.run([FETCHD, "--config", str(config), "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 78
    assert f"{config}:" in checked.stderr


def test_the_environment_leads_nowhere(start, provider, authority, stranger, tmp_path):
    """Proxies, CA files and .netrc of the environment: none is used, and the proxy is not even called."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        netrc = tmp_path / ".netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password something\n")
        url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        environment = {name: url for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")}
        environment |= {"HOME": str(tmp_path), "SSL_CERT_FILE": str(stranger.file), "CURL_CA_BUNDLE": str(stranger.file),
                        "SSLKEYLOGFILE": str(tmp_path / "keys.log")}
        with contextlib.closing(StubProvider(stranger.issue())) as foreign:
            fetchd = start(provider, section(foreign, authority, name="foreign"), environment=environment)
            assert fetchd.fetch("corp").status == "ok"
            assert fetchd.fetch("foreign").status == "untrusted"
        assert all("Authorization" not in headers for _path, headers in provider.requests)
        assert not (tmp_path / "keys.log").exists()
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_a_configuration_of_openssl_in_the_environment_is_not_read(start, authority, tmp_path):
    own = tmp_path / "openssl.cnf"
    own.write_text("openssl_conf = conf\n[conf]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\n"
                   "MinProtocol = TLSv1.3\n")

    def only_tls_1_2(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    with contextlib.closing(StubProvider(authority.issue(), only_tls_1_2)) as provider:
        assert start(provider, environment={"OPENSSL_CONF": str(own)}).fetch("corp").status == "ok"


def test_it_says_who_it_is_and_asks_for_nothing_compressed(start, provider):
    start(provider).fetch("corp")
    for _path, headers in provider.requests:
        assert headers["User-Agent"].startswith("latchkey-fetchd/")
        assert "Accept-Encoding" not in headers
        assert "Cookie" not in headers


@IN_BOX
def test_the_systems_authorities_count_where_the_issuer_has_none_of_its_own_and_only_there(start, authority, stranger):
    """`stranger` becomes an authority of the system, in the file and in the folder that OpenSSL looks into."""
    bundle, folder = pathlib.Path("/etc/ssl/certs/ca-certificates.crt"), pathlib.Path("/etc/ssl/certs")
    digest = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", stranger.file], check=True,
                            capture_output=True, text=True).stdout.strip()
    link = folder / f"{digest}.0"
    before = bundle.read_bytes() if bundle.exists() else None
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(StubProvider(stranger.issue())) as provider:
        try:
            link.symlink_to(stranger.file)
            bundle.write_bytes((before or b"") + stranger.file.read_bytes())
            fetchd = start({"name": "public", "issuer": provider.origin}, section(provider, authority, name="own",
                           issuer=provider.origin + "/own"))
            assert fetchd.fetch("public").status == "ok"
            assert fetchd.fetch("own").error.startswith("own: metadata: TLS certificate: ")
        finally:
            link.unlink()
            if before is None:
                bundle.unlink()
            else:
                bundle.write_bytes(before)


@IN_BOX
def test_an_address_is_looked_up_for_each_fetch(start, authority, stranger):
    """A name server that was wrong once, or a provider that has moved, is not remembered beyond the answer."""
    name = "id.fetchd.example"
    with contextlib.ExitStack() as stack:
        name_server = stack.enter_context(contextlib.closing(NameServer({name: "127.0.0.1"})))
        provider = stack.enter_context(contextlib.closing(StubProvider(authority.issue(host=name), host=name)))
        fetchd = start(provider)
        assert fetchd.fetch("corp").status == "ok"
        name_server.mode = "127.0.0.66"
        assert fetchd.fetch("corp").error.startswith("corp: metadata: connection: ")
        name_server.mode = "answer"
        assert fetchd.fetch("corp").status == "ok"


@IN_BOX
def test_a_name_server_that_hangs_delays_only_who_needs_it(start, provider, authority):
    resolv_conf = pathlib.Path("/etc/resolv.conf")
    before = resolv_conf.read_bytes() if resolv_conf.exists() else None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as name_server:
        name_server.bind(("127.0.0.1", 53))
        resolv_conf.unlink(missing_ok=True)
        resolv_conf.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
        try:
            lost = {"name": "lost", "issuer": "https://id.example.com", "ca_file": str(authority.file),
                    "fetch_timeout": "1s"}
            fetchd = start(provider, lost)
            with fetchd.connect() as latchkeyd:
                digests = {name: fetchd.digest(name) for name in ("lost", "corp")}
                latchkeyd.ask("lost", digest=digests["lost"])
                assert select.select([name_server], [], [], DEADLINE_S)[0], "the name was asked for"
                latchkeyd.ask("corp", digest=digests["corp"])
                assert latchkeyd.answer().status == "ok"
                answer = latchkeyd.answer()
                assert answer.error.startswith("lost: metadata: "), answer
                latchkeyd.ask("corp", digest=digests["corp"])
                assert latchkeyd.answer().status == "ok", "giving the look-up up does not wait for it"
        finally:
            resolv_conf.unlink()
            if before is not None:
                resolv_conf.write_bytes(before)
