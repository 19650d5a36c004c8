# SPDX-License-Identifier: Apache-2.0
"""F4, F5, F6, F10: a provider that answers wrongly, slowly, endlessly or under a false name. Known keys serve on, nothing
is taken from it, it is asked at most once an interval, and the next good answer ends it without a restart."""

import ssl

import pytest

from fetching import faults, issuer_keys
from fetching.certificates import BAD_CERTIFICATES
from fetching.fault_provider import JWKS, METADATA
from fetching.issuer_keys import Key
from harness.scenario import Fault

FOREIGN = issuer_keys.key_set(Key("corp-ES256"))  # under the kid of a good key; whoever takes it refuses good tokens
MOST = 262_144  # of a key set
MEMORY_KB_MOST = 2048  # F6 of SECURITY section 4, for each process


def route_fault(corp, name: str, path: str, answer, says: str, **more) -> Fault:
    def on() -> None:
        corp.provider.routes = corp.provider.routes | {path: answer}
    return Fault(name, on, corp.serve, says, **more)


@pytest.mark.parametrize("name, path, answer, says", [
    ("500", JWKS, faults.document(FOREIGN, 500), "HTTP status 500"),
    ("404 of the metadata", METADATA, faults.document(b"", 404), "HTTP status 404"),
    ("429 with Retry-After", JWKS, faults.document(FOREIGN, 429, Retry_After="3"), "HTTP status 429"),
    ("200 with HTML", JWKS, faults.document(b"<html><body>Sign in</body></html>", Content_Type="text/html"), "JSON"),
    ("empty", JWKS, faults.document(b""), "the document is empty"),
    ("half a body", JWKS, faults.half(FOREIGN), "transfer: "),
    ("an empty key set", JWKS, faults.document(b'{"keys": []}'), "the key set is empty"),
    ("304 that nobody asked for", JWKS, faults.document(b"", 304), "HTTP status 304"),
])
def test_f4_wrong_answers(shared, name, path, answer, says):
    shared.go(route_fault(shared.corp, f"F4 {name}", path, answer, says))


@pytest.mark.parametrize("name, answer, says", [
    ("1 byte a second", faults.drip(FOREIGN), "timeout: "),
    ("silence after the request", faults.silence, "timeout: "),
    ("reset in the middle of a body", faults.reset, "transfer: "),
])
def test_f5_slow_answers(shared, name, answer, says):
    shared.go(route_fault(shared.corp, f"F5 {name}", JWKS, answer, says))


@pytest.mark.parametrize("name, door, says", [
    ("silence before the handshake", "silent", "timeout: "),
    ("accepts and closes", "close", "TLS: "),
    ("accepts and resets", "reset", "corp: metadata: "),  # connection or TLS, whichever sees it first
    ("refuses to be connected to", "refuse", "connection: "),
])
def test_f5_doors(shared, name, door, says):
    provider = shared.corp.provider

    # Nobody counts connections that are refused; that there were not too many is known by the log, one line each.
    marks = shared.world.marks()

    def refused(_since, _until) -> int:
        return shared.world.said_since(marks, "latchkey-fetchd").count("corp: metadata: connection")
    shared.go(Fault(f"F5 {name}", lambda: provider.stand_behind(door), shared.corp.serve, says,
                    attempts=refused if door == "refuse" else provider.connected))


@pytest.mark.parametrize("name, answer, says", [
    ("1 GB that says so", faults.gigabyte, "larger than 262144 bytes"),
    ("1 GB without a length", faults.unannounced_gigabyte, "larger than 262144 bytes"),
    ("endless chunks", faults.endless_chunks, "larger than 262144 bytes"),
    ("endless header", faults.endless_headers, "the header is larger than 65536 bytes"),
    ("10 MB of gzip, 10 GB of zeros", faults.gzip_bomb(), "larger than 262144 bytes"),
    ("250 kB of gzip, 250 MB of zeros", faults.small_gzip_bomb(), "compressed though nobody asked"),
    ("10,000 keys", faults.document(faults.key_set_of(10_000, Key("k").jwk(), 64 << 20)), "larger than 262144 bytes"),
    # As large as may be, and dear to read.
    ("256 kB of keys", faults.document(faults.key_set_of(MOST, {"kty": "EC"}, MOST)), "more than 512 keys"),
    ("256 kB of brackets", faults.document(b'{"keys": ' + b"[" * (MOST // 2) + b"]" * (MOST // 2 - 20) + b"}"), "JSON"),
    ("256 kB of numbers", faults.document(b'{"keys": [' + b"1," * (MOST // 2 - 10) + b"1]}"), "more than 512 keys"),
    ("256 kB of names", faults.document(b'{"keys": [{' + b'"":1,' * (MOST // 5 - 10) + b'"":1}]}'), "JSON"),
])
def test_f6_oversize_answers(shared, name, answer, says):
    shared.go(route_fault(shared.corp, f"F6 {name}", JWKS, answer, says, memory_kb_most=MEMORY_KB_MOST))


@pytest.mark.parametrize("what", list(BAD_CERTIFICATES))
def test_f10_bad_certificates(shared, authorities, what):
    provider = shared.corp.provider
    own, stranger = authorities
    bad, good = own.issue_bad(what, stranger), own.issue()
    shared.go(Fault(f"F10 certificate {what}", lambda: provider.use_certificate(bad), lambda: provider.use_certificate(good),
                    "TLS", attempts=provider.connected))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_f10_old_tls(shared, authorities):
    provider, certificate = shared.corp.provider, authorities[0].issue()
    versions = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1
    shared.go(Fault("F10 TLS 1.0", lambda: provider.use_certificate(certificate, versions),
                    lambda: provider.use_certificate(certificate), "TLS: ", attempts=provider.connected))


def test_f10_http_without_tls(shared):
    provider = shared.corp.provider
    shared.go(Fault("F10 http in place of https", lambda: setattr(provider, "door", "plain"), shared.corp.serve, "TLS: ",
                    attempts=provider.connected))


@pytest.mark.parametrize("name, status, path, location", [
    ("301 to itself", 301, JWKS, "{origin}/elsewhere"),
    ("302 to http", 302, JWKS, "http://127.0.0.1:{port}/elsewhere"),
    ("307 to a file", 307, METADATA, "file:///etc/passwd"),
])
def test_f10_redirects(shared, name, status, path, location):
    provider = shared.corp.provider
    where = location.format(origin=provider.origin, port=provider.port)
    shared.go(route_fault(shared.corp, f"F10 redirect {name}", path, faults.redirect(status, where), "redirects are refused"))
    assert provider.asked("/elsewhere") == 0


@pytest.mark.parametrize("name, changes", [
    ("keys by http", {"jwks_uri": "http://127.0.0.1:{port}/jwks"}),
    ("keys at another origin", {"jwks_uri": "https://169.254.169.254/jwks"}),
    ("another issuer", {"issuer": "https://127.0.0.1:{port}/"}),
])
def test_f10_metadata_that_lead_elsewhere(shared, name, changes):
    provider = shared.corp.provider
    members = {member: value.format(port=provider.port) for member, value in changes.items()}
    shared.go(route_fault(shared.corp, f"F10 metadata: {name}", METADATA, faults.document(provider.metadata(**members)),
                          "corp: "))
