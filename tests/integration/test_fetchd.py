# SPDX-License-Identifier: Apache-2.0
"""latchkey-fetchd against a real provider (latchkey-devidp) and against one that misbehaves to order: no fault brings a
document in, each is named, and none of them outlives itself."""

import base64
import contextlib
import datetime
import email.utils
import gzip
import hashlib
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from fetching import stub_provider
from fetching.certificates import Authority
from fetching.daemon import DEADLINE_S, Fetchd, config_text
from fetching.name_server import NameServer
from fetching.stub_provider import JWKS, KEY_SET, METADATA, StubProvider, document, endless, raw, tagged

BUILD = pathlib.Path(os.environ.get("LATCHKEY_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build/dev"))
FETCHD = str(BUILD / "daemon/fetchd/latchkey-fetchd")
DEVIDP = str(BUILD / "devidp/latchkey-devidp")
NOBODY = 65534


@pytest.fixture(name="authority", scope="module")
def _authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "authority")


@pytest.fixture(name="stranger", scope="module")
def _stranger(tmp_path_factory):
    """An authority that no configuration names."""
    return Authority(tmp_path_factory.mktemp("ca"), "stranger")


@pytest.fixture(name="provider")
def _provider(authority):
    with contextlib.closing(StubProvider(authority.issue())) as provider:
        yield provider


@pytest.fixture(name="start")
def _start(tmp_path, authority):
    """Starts a fetchd for these providers or issuers; stops it at the end, which must go well."""
    started = []

    def start(*issuers, program: str = FETCHD, user: int | None = None, **options) -> Fetchd:
        sections = [issuer if isinstance(issuer, dict) else section(issuer, authority) for issuer in issuers]
        folder = tmp_path / f"fetchd-{len(started)}"
        folder.mkdir()
        if user is not None:
            os.chown(folder, user, user)
        started.append(Fetchd(program, folder, sections, user=user, **options))
        return started[-1]

    yield start
    for fetchd in started:
        assert fetchd.stop() == 0, fetchd.log()


def open_to_others(folder: pathlib.Path) -> None:
    """Lets other users pass through to a folder of pytest's."""
    for part in (folder, *folder.parents):
        if part != pathlib.Path("/") and part.stat().st_uid == os.geteuid():
            part.chmod(part.stat().st_mode | 0o111)


def pin_of(file: pathlib.Path) -> str:
    """Of the certificate in the file, as `tls_pins` wants it."""
    key = x509.load_pem_x509_certificate(file.read_bytes()).public_key()
    info = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + base64.b64encode(hashlib.sha256(info).digest()).decode()


def section(provider, authority, name: str = "corp", **members) -> dict:
    return {"name": name, "issuer": provider.origin, "ca_file": str(authority.file), "fetch_timeout": "30s"} | members


# --- A real provider.

class Devidp:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen([DEVIDP, "serve", "--state", folder, "--max-age", "120"],
                                         stdout=subprocess.PIPE, text=True)
        self.origin = self._process.stdout.readline().strip()
        self.ca_file = str(folder / "ca.pem")

    def run(self, command: str, *arguments: str) -> str:
        return subprocess.run([DEVIDP, command, "--state", self.folder, *arguments], check=True, capture_output=True,
                              text=True).stdout.strip()

    def key_set(self) -> bytes:
        return (self.folder / "jwks.json").read_bytes()

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(DEADLINE_S) == 0
        self._process.stdout.close()


@pytest.fixture(name="devidp")
def _devidp(tmp_path):
    with contextlib.closing(Devidp(tmp_path / "devidp")) as devidp:
        yield devidp


def test_brings_the_documents_of_a_real_provider(start, devidp):
    fetchd = start({"name": "corp", "issuer": devidp.origin, "ca_file": devidp.ca_file})
    metadata = fetchd.fetch("corp", "metadata")
    assert metadata.status == "ok", metadata
    assert json.loads(metadata.body)["jwks_uri"] == devidp.origin + "/jwks"
    keys = fetchd.fetch("corp")
    assert keys.status == "ok", keys
    assert keys.body == devidp.key_set()
    assert keys.message["max_age_s"] == 120
    assert fetchd.fetch("corp", etag=keys.message["etag"]).status == "not_modified"
    devidp.run("rotate")
    rotated = fetchd.fetch("corp", etag=keys.message["etag"])
    assert rotated.status == "ok"
    assert rotated.body == devidp.key_set() != keys.body


def test_a_provider_that_is_gone_is_named_and_found_again(start, tmp_path):
    folder = tmp_path / "devidp"
    devidp = Devidp(folder)
    port = devidp.origin.rsplit(":", 1)[1]
    fetchd = start({"name": "corp", "issuer": devidp.origin, "ca_file": devidp.ca_file})
    assert fetchd.fetch("corp").status == "ok"
    devidp.close()
    gone = fetchd.fetch("corp")
    assert gone.status == "failed"
    assert gone.error.startswith("corp: metadata: connection: ")
    back = subprocess.Popen([DEVIDP, "serve", "--state", folder, "--port", port], stdout=subprocess.PIPE, text=True)
    try:
        assert back.stdout.readline().strip() == devidp.origin
        assert fetchd.fetch("corp").status == "ok"
    finally:
        back.terminate()
        back.wait(DEADLINE_S)
        back.stdout.close()


# --- Conditional requests and lifetimes.

def test_an_etag_saves_the_key_set_but_never_the_discovery_before_it(start, provider):
    provider.routes[JWKS] = tagged(KEY_SET, '"one"', Cache_Control="public, max-age=600", Age="100")
    fetchd = start(provider)
    first = fetchd.fetch("corp")
    assert first.message == {"v": 1, "id": 1, "status": "ok", "bytes": len(KEY_SET), "etag": '"one"', "max_age_s": 500}
    second = fetchd.fetch("corp", etag='"one"')
    assert second.message == {"v": 1, "id": 1, "status": "not_modified", "etag": '"one"', "max_age_s": 500}
    headers = [headers for path, headers in provider.requests if path == METADATA]
    assert all("If-None-Match" not in header for header in headers)


def test_a_date_saves_the_key_set_where_the_provider_has_no_etag(start, provider):
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    provider.routes[JWKS] = stub_provider.dated(KEY_SET, date)
    fetchd = start(provider)
    first = fetchd.fetch("corp")
    assert (first.status, first.message["last_modified"]) == ("ok", date)
    assert fetchd.fetch("corp", last_modified=date).status == "not_modified"
    assert fetchd.fetch("corp", last_modified="Sun, 06 Nov 1994 08:49:38 GMT").status == "ok"
    refused = fetchd.fetch("corp", last_modified="a date\r\nX-Evil: 1")
    assert refused.status == "failed"
    assert all("X-Evil" not in headers for _path, headers in provider.requests)


def test_retry_after_may_be_a_date(start, provider):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=10)
    provider.routes[METADATA] = document(b"", status=503, Retry_After=email.utils.format_datetime(when, usegmt=True))
    assert 500 <= start(provider).fetch("corp").message["retry_after_s"] <= 600


def test_a_provider_is_not_asked_more_often_than_its_bound_whoever_asks(start, provider, authority):
    fetchd = start(section(provider, authority, jwks_uri=provider.origin + JWKS),
                   section(provider, authority, name="other", issuer=provider.origin + "/other",
                           jwks_uri=provider.origin + "/other"))
    digest = fetchd.digest("corp")
    with fetchd.connect() as latchkeyd:
        answers = []
        for _ in range(100):
            latchkeyd.ask("corp", digest=digest)
            answers.append(latchkeyd.answer())
    assert provider.asked(JWKS) == 60
    assert [answer.status for answer in answers] == ["ok"] * 60 + ["failed"] * 40
    assert answers[-1].error == "corp: it was asked for too often; no provider was asked"
    assert 0 < answers[-1].message["retry_after_s"] <= 60
    assert fetchd.fetch("other").error.startswith("other: jwks: HTTP status 404"), "the others have bounds of their own"


# --- Proxy and pins.

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


def test_a_304_that_nobody_asked_for_is_no_document(start, provider):
    provider.routes[JWKS] = document(b"", status=304)
    assert start(provider).fetch("corp").error == "corp: jwks: HTTP status 304"


def test_an_etag_of_odd_form_is_not_passed_on(start, provider):
    provider.routes[JWKS] = document(KEY_SET, ETag="no quotes")
    answer = start(provider).fetch("corp")
    assert answer.status == "ok"
    assert "etag" not in answer.message


def test_a_request_cannot_write_into_the_header_through_the_etag(start, provider):
    answer = start(provider).fetch("corp", etag='"x"\r\nX-Smuggled: 1')
    assert answer.status == "failed"
    assert provider.requests == []


# --- Who is spoken to, and where.

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
        assert answer.status == "failed", what
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
            assert fetchd.fetch("foreign").status == "failed"
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


# --- What comes back is bounded and whole.

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MOST = 262_144


@pytest.mark.parametrize("what, answer, cause", [
    ("said to be too large", raw(HEAD + b"Content-Length: 262145\r\n\r\n"), "the document is larger than 262144 bytes"),
    ("too large without a length", endless(HEAD + b"\r\n", b"x" * 65536), "the document is larger than 262144 bytes"),
    ("endless chunks", endless(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), "the document is larger than 262144 bytes"),
    ("endless header", endless(HEAD, b"X-More: " + b"x" * 1000 + b"\r\n"), "the header is larger than 65536 bytes"),
    ("endless interim answers", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "the header is larger than 65536 bytes"),
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


# --- The asker.

def test_other_digests_read_the_configuration_anew_and_then_ask_for_a_reload(start, provider, authority):
    fetchd = start(provider)
    answer = fetchd.fetch("corp", digest="0" * 64)
    assert answer.status == "reload"
    assert provider.requests == []
    assert fetchd.fetch("nobody", digest="0" * 64).status == "reload"
    # The file changes and nobody says so: the digest of the asker, who has read it, does.
    fetchd.write_config([section(provider, authority, fetch_timeout="7s")])
    assert fetchd.fetch("corp").status == "ok"


def test_a_bad_configuration_changes_nothing_and_is_named(start, provider, authority):
    fetchd = start(provider)
    digest = fetchd.digest("corp")
    fetchd.config.write_text("version: 1\nissuers: [\n")
    fetchd.reload()
    assert f"{fetchd.config}:" in fetchd.log()
    assert fetchd.fetch("corp", digest=digest).status == "ok"
    answer = fetchd.fetch("corp", digest="0" * 64)
    assert answer.status == "reload"
    assert str(fetchd.config) in answer.error
    fetchd.write_config([section(provider, authority, name="renamed")])
    fetchd.reload()
    assert fetchd.fetch("renamed").status == "ok"


@pytest.mark.parametrize("message", [
    b"{", b"[]", b"null", b'{"v":1,"id":1,"issuer":"corp","digest":"d","document":"jwks","url":"https://example.com"}',
    b'{"v":2,"id":1,"issuer":"corp","digest":"d","document":"jwks"}', b"x" * 8193, b"\x00"])
def test_a_broken_request_ends_its_connection_only(start, provider, message):
    fetchd = start(provider)
    with fetchd.connect() as good, fetchd.connect() as broken:
        broken.send(message)
        assert broken.is_closed()
        good.ask("corp")
        assert good.answer().status == "ok"


def test_a_request_with_a_descriptor_ends_its_connection(start, provider):
    fetchd = start(provider)
    request = {"v": 1, "id": 1, "issuer": "corp", "digest": fetchd.digest("corp"), "document": "jwks"}
    with fetchd.connect() as latchkeyd, open(os.devnull, "rb") as file:
        latchkeyd.send(json.dumps(request).encode(), (file.fileno(),))
        assert latchkeyd.is_closed()
    assert provider.requests == []


def test_an_asker_that_leaves_takes_its_fetches_along(start, provider, authority):
    asked, left = threading.Event(), threading.Event()
    provider.routes[METADATA] = stub_provider.until_left(asked, left)
    fetchd = start(section(provider, authority, fetch_timeout="1m"))
    with fetchd.connect() as latchkeyd:
        latchkeyd.ask("corp")
        assert asked.wait(DEADLINE_S)
        assert not left.is_set()
    # A fetch that went on would be given up for its lack of speed at half its timeout, later than we wait here.
    assert left.wait(DEADLINE_S / 3)
    provider.routes[METADATA] = document(provider.metadata())
    assert fetchd.fetch("corp").status == "ok"


def test_many_requests_on_one_connection_are_all_answered(start, provider):
    fetchd = start(provider)
    digest = fetchd.digest("corp")
    with fetchd.connect() as latchkeyd:
        wanted = {latchkeyd.ask("corp", digest=digest) for _ in range(40)}
        answers = [latchkeyd.answer() for _ in wanted]
    assert {answer.message["id"] for answer in answers} == wanted
    assert {answer.status for answer in answers} == {"ok"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
def test_another_user_is_refused_even_where_the_socket_lets_him_in(start, provider):
    fetchd = start(provider)
    assert fetchd.socket.stat().st_mode & 0o777 == 0o600
    open_to_others(fetchd.folder)
    fetchd.socket.chmod(0o666)
    script = ("import socket,sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.settimeout(60);"
              "s.connect(sys.argv[1]); sys.exit(0 if s.recv(1) == b'' else 1)")
    seen = subprocess.run(["/usr/bin/python3", "-c", script, str(fetchd.socket)], user=NOBODY, group=NOBODY,
                          extra_groups=[], check=False)
    assert seen.returncode == 0
    assert f"a connection of uid {NOBODY} is refused" in fetchd.log()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give the socket away")
def test_the_one_peer_owns_the_socket(start, provider):
    fetchd = start(provider, arguments=["--peer-uid", str(NOBODY)])
    assert fetchd.socket.stat().st_uid == NOBODY
    assert fetchd.socket.stat().st_mode & 0o777 == 0o600


# --- The service manager.

def test_a_socket_of_the_service_manager_is_served(start, provider):
    fetchd = start(provider, activated=True)
    assert fetchd.fetch("corp").status == "ok"


def test_the_service_manager_hears_of_readiness_reloads_life_and_the_end(start, provider):
    fetchd = start(provider, environment={"WATCHDOG_USEC": "20000"})
    for _ in range(3):
        fetchd.manager.wait_for("WATCHDOG=1")
    fetchd.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in fetchd.manager.wait_for("RELOADING=1")
    fetchd.manager.wait_for("READY=1")
    fetchd.process.send_signal(signal.SIGTERM)
    fetchd.manager.wait_for("STOPPING=1")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to run it as somebody else")
def test_no_core_and_no_debugger(start, provider, tmp_path):
    program = tmp_path / "latchkey-fetchd"  # the build may lie where nobody else may look
    shutil.copy(FETCHD, program)
    open_to_others(tmp_path)
    fetchd = start(provider, user=NOBODY, program=str(program))
    # What /proc shows of a process that may not be dumped belongs to root, whoever it runs as (proc(5)).
    assert os.stat(f"/proc/{fetchd.process.pid}").st_uid == NOBODY
    assert os.stat(f"/proc/{fetchd.process.pid}/environ").st_uid == 0
    limits = pathlib.Path(f"/proc/{fetchd.process.pid}/limits").read_text(encoding="ascii")
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]


@pytest.mark.parametrize("arguments, code", [
    (["--help"], 0), (["--version"], 0), (["--nonsense"], 64), (["surplus"], 64), (["--peer-user", "nobody-there"], 64),
    ([], 64), (["--socket", "relative.sock"], 71), (["--socket", "/nonexistent/f.sock"], 71),
    (["--config", "/nonexistent.yaml", "--check"], 78), (["--log-level", "loud"], 64)])
def test_exit_codes_tell_what_went_wrong(arguments, code):
    ended = subprocess.run([FETCHD, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert ended.returncode == code, ended.stderr
    assert (ended.stderr == "") == (code == 0)


# --- The machine's own settings.

IN_BOX = pytest.mark.skipif(os.environ.get("LATCHKEY_BOX") != "1", reason="rewrites /etc: in the box only")


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
