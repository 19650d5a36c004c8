# SPDX-License-Identifier: Apache-2.0
"""Issuers that are asked about tokens (RFC 7662, RFC 9701): real latchkeyd, latchkey-fetchd, module and sshd; a provider's
introspection endpoint that does what the test says."""

import base64
import contextlib
import json
import os
import threading
import time
import urllib.parse

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from box import accounts, clients, files, host as host_module
from fetching.certificates import Authority
from fetching.stub_provider import StubProvider, document, drip, endless, raw, reset, until_left

GROUPS = ["corp-developers", "corp-operators"]
PATH = "/introspect"
SECRET = "a-secret-of-the-tests-0123456789"
SECRET_FILE = "/etc/latchkey/corp-client-secret"
KEY_FILE = "/etc/latchkey/corp-client-key.pem"
BUNDLE = "/etc/latchkey/bundle-ca.pem"
JWT = "application/token-introspection+jwt"
# Nothing is kept unless a test says so: each login asks.
FORGETFUL = ["introspection_positive_ttl: 0s", "introspection_negative_ttl: 0s"]
BY_SECRET = f"introspection_client: {{ client_id: latchkey, secret_file: {SECRET_FILE} }}"


def secret_file(path: str, text: str) -> None:
    """As the manual says: of root, readable by latchkey-fetchd's group."""
    import grp
    files.write(path, text, 0o640, (0, grp.getgrnam("latchkey-fetch").gr_gid))


class Endpoint:
    """The introspection endpoint of a provider. `says` maps tokens to claims; what is not there is inactive."""

    def __init__(self, stub: StubProvider) -> None:
        self.stub = stub
        self.url = stub.origin + PATH
        self.says: dict[str, dict] = {}
        self.secret = SECRET
        self.forms: list[dict[str, str]] = []
        self.work()

    def work(self) -> None:
        self.stub.routes[PATH] = self._answer

    def answer_with(self, answer) -> None:
        """A whole answer in the place of the endpoint's own; a GET is none of ours."""
        self.stub.routes[PATH] = answer

    def asked(self) -> int:
        return self.stub.asked(PATH)

    def claims_for(self, form: dict[str, str]) -> dict:
        known = self.says.get(form.get("token", ""))
        return {"active": False} if known is None else {"active": True} | known

    def _answer(self, handler) -> None:
        form = dict(urllib.parse.parse_qsl(getattr(handler, "form", "")))
        self.forms.append(form)
        wanted = "Basic " + base64.b64encode(f"latchkey:{self.secret}".encode()).decode()
        if handler.command != "POST" or handler.headers.get("Authorization") != wanted:
            document(b"no", status=401)(handler)
            return
        document(json.dumps(self.claims_for(form)).encode(), Content_Type="application/json")(handler)


@pytest.fixture(name="authority", scope="module")
def _authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "introspection")


@pytest.fixture(name="endpoint")
def _endpoint(authority):
    with contextlib.closing(StubProvider(authority.issue("idp.example"), host="idp.example")) as stub:
        yield Endpoint(stub)


@pytest.fixture(name="asking")
def _asking(host, authority, endpoint):
    """Configures the host: its issuer is asked at the endpoint, with these lines in its section."""
    secret_file(SECRET_FILE, SECRET + "\n")
    host.search.add(SECRET, "the client's secret")
    files.write(BUNDLE, files.read(host_module.CA_FILE) + authority.file.read_text())

    def asking(*lines: str, mode: str = "required", client: str = BY_SECRET, keep: bool = False):
        own = [f"introspection: {mode}", f"introspection_endpoint: {endpoint.url}", client, *lines]
        own += [] if keep else FORGETFUL

        def change(text: str) -> str:
            text = text.replace(host_module.CA_FILE, BUNDLE)
            return text.replace("    leeway: 5s\n", "    leeway: 5s\n" + "".join(f"    {line}\n" for line in own))
        host.with_config(change)
        return host
    return asking


def opaque(host, name: str, prefix: str = "corp_") -> str:
    token = f"{prefix}{name}-{os.urandom(16).hex()}"
    host.search.add(token, f"opaque {name}")
    return token


def claims_of(user: str, groups: list[str], **more) -> dict:
    now = int(time.time())
    return {"token_type": "Bearer", "aud": host_module.AUDIENCE, "sub": f"subject-of-{user}", "client_id": "cli",
            "preferred_username": user, "groups": groups, "iat": now - 5, "exp": now + 300} | more


def opens(done: clients.Result) -> None:
    assert done.status == 0, done.said


def refused(host, done: clients.Result, *reasons: str) -> dict:
    """The decision, as explain shows it."""
    assert done.status == 255 and "uid=" not in done.out, done.said
    reason, request = host.refusal(done.said)
    assert reason in reasons, done.said
    return host.explain(request)


def introspection_of(host) -> dict:
    return host.status()["issuers"][0]["introspection"]


OPAQUE = "opaque_tokens: { prefixes: [ corp_ ] }"


def test_a_signed_token_signs_in_until_its_issuer_takes_it_back(asking, endpoint):
    host = asking()
    token = host.provider.token("alice", GROUPS)
    endpoint.says[token] = {}
    opens(clients.ssh(token, "alice"))
    assert endpoint.forms[0] == {"token": token, "token_type_hint": "access_token"}
    del endpoint.says[token]
    decision = refused(host, clients.ssh(token, "alice"), "token_inactive")
    outcome = {check["check"]: check["outcome"] for check in decision["checks"]}
    assert outcome["signature"] == "passed" and outcome["introspection"] == "failed"
    assert introspection_of(host) | {"answered_at": ""} == {
        "mode": "required", "active": 1, "inactive": 1, "invalid": 0, "failed": 0, "withheld": 0, "under_way": 0,
        "answered_at": ""}
    assert "introspection  required: 1 active, 1 inactive" in host.ctl("status").stdout


def test_an_opaque_token_opens_a_session_with_mapped_groups(asking, endpoint):
    host = asking(OPAQUE, mode="opaque_only")
    token = opaque(host, "alice")
    endpoint.says[token] = claims_of("alice", GROUPS)
    done = clients.ssh(token, "alice")
    opens(done)
    for group in ("developers", "sre", "docker"):
        assert f"({group})" in done.out
    refused(host, clients.ssh(token, "bob"), "user_mismatch")
    refused(host, clients.ssh(opaque(host, "nobody"), "alice"), "token_inactive")
    asked = endpoint.asked()
    refused(host, clients.ssh(opaque(host, "other", "other_"), "alice"), "token_malformed")
    opens(clients.ssh(host.provider.token("bob", GROUPS), "bob"))
    assert endpoint.asked() == asked, "a prefix that nobody has and a signed token ask nobody"


@pytest.mark.parametrize("claims, reason", [
    ({"aud": "ssh://elsewhere"}, "audience_wrong"), ({"exp": None}, "claim_missing"), ({"exp": 1}, "token_expired"),
    ({"iss": "https://other.example"}, "claim_wrong"), ({"cnf": {"jkt": "x"}}, "type_wrong"),
    ({"token_type": "refresh_token"}, "type_wrong"), ({"groups": []}, "access_denied")])
def test_the_claims_of_an_answer_meet_the_claims_policy(asking, endpoint, claims, reason):
    host = asking(OPAQUE)
    token = opaque(host, "alice")
    endpoint.says[token] = {name: value for name, value in (claims_of("alice", GROUPS) | claims).items()
                            if value is not None}
    refused(host, clients.ssh(token, "alice"), reason)


def test_an_answer_serves_the_logins_that_follow_and_a_reload_forgets_it(asking, endpoint):
    host = asking(OPAQUE, keep=True)
    token = opaque(host, "alice")
    endpoint.says[token] = claims_of("alice", GROUPS)
    opens(clients.ssh(token, "alice"))
    opens(clients.ssh(token, "alice"))
    assert endpoint.asked() == 1
    host.configure(files.read(host_module.CONFIG).replace("leeway: 5s", "leeway: 6s"))
    host.reload()
    del endpoint.says[token]
    refused(host, clients.ssh(token, "alice"), "token_inactive")
    assert endpoint.asked() == 2


HUGE = b'{"active":true,"x":"' + b"a" * 70_000 + b'"}'
FAULTS = {
    "status 401": document(b"no", status=401), "status 500": document(b"no", status=500),
    "HTML": document(b"<html></html>", Content_Type="text/html"),
    "HTML that says JSON": document(b"<html></html>", Content_Type="application/json"),
    "empty": document(b"", Content_Type="application/json"),
    "huge": document(HUGE, Content_Type="application/json"),
    "endless": endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * 4096),
    "compressed": document(b"\x1f\x8b\x08", Content_Type="application/json", Content_Encoding="gzip"),
    "a redirect": document(b"", status=307, Location="https://idp.example/elsewhere"),
    "reset": reset, "no HTTP": raw(b"\x00\x01\x02"),
    "active as a text": document(b'{"active":"true"}', Content_Type="application/json"),
    "active twice": document(b'{"active":false,"active":true}', Content_Type="application/json"),
    "another subject": document(b'{"active":true,"sub":"somebody"}', Content_Type="application/json"),
    "unasked JWT": document(b"a.b.c", Content_Type=JWT),
}


def test_whatever_else_comes_lets_nobody_in_and_is_over_when_it_is_over(asking, endpoint):
    host = asking()
    token = host.provider.token("alice", GROUPS)
    endpoint.says[token] = {}
    for name, fault in FAULTS.items():
        endpoint.answer_with(fault)
        refused(host, clients.ssh(token, "alice"), "introspection_unavailable", "introspection_answer_invalid")
        # An answer about another token is an answer; the decision alone can see what is wrong with it.
        if name != "another subject":
            assert introspection_of(host)["last_error"], name
            assert "asking fails" in host.ctl("status").stdout
        endpoint.work()
        opens(clients.ssh(token, "alice"))
        assert "last_error" not in introspection_of(host), name


def test_a_provider_that_says_nothing_or_drips_is_given_up_in_time(asking, endpoint):
    host = asking()
    token = host.provider.token("alice", GROUPS)
    done, left = threading.Event(), threading.Event()
    for silence in (until_left(threading.Event(), left), drip(done)):
        endpoint.answer_with(silence)
        refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
    assert left.wait(60), "the connection is not held"
    done.set()
    endpoint.work()
    endpoint.says[token] = {}
    opens(clients.ssh(token, "alice"))


def test_a_provider_that_is_gone_means_refusal_unless_the_section_lets_a_signature_do(asking, endpoint):
    host = asking(OPAQUE)
    token, other = host.provider.token("alice", GROUPS), opaque(host, "alice")
    endpoint.stub.close()
    refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
    host = asking(OPAQUE, "introspection_down: signature")
    opens(clients.ssh(token, "alice"))
    refused(host, clients.ssh(other, "alice"), "introspection_unavailable")
    assert "its signature decides" in files.read(host.logs.journal_file) + files.read(host.latchkeyd.log)


def test_a_new_secret_counts_at_once_and_a_bad_file_asks_nobody(asking, endpoint):
    host = asking()
    token = host.provider.token("alice", GROUPS)
    endpoint.says[token] = {}
    endpoint.secret = "another-secret-of-the-tests"
    refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
    assert "401" in introspection_of(host)["last_error"]
    secret_file(SECRET_FILE, endpoint.secret)
    opens(clients.ssh(token, "alice"))
    asked = endpoint.asked()
    os.chmod(SECRET_FILE, 0o644)
    refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
    assert "may be read by others" in introspection_of(host)["last_error"]
    os.unlink(SECRET_FILE)
    refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
    assert endpoint.asked() == asked


def test_a_client_with_a_key_shows_an_assertion(asking, endpoint):
    key = ec.generate_private_key(ec.SECP256R1())
    secret_file(KEY_FILE, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                            serialization.NoEncryption()).decode())
    host = asking(client=f"introspection_client: {{ client_id: latchkey, authentication: private_key_jwt, "
                         f"key_file: {KEY_FILE}, key_id: one }}")
    token, seen = host.provider.token("alice", GROUPS), []

    def answer(handler) -> None:
        form = dict(urllib.parse.parse_qsl(handler.form))
        assertion = form["client_assertion"]
        claims = jwt.decode(assertion, key.public_key(), algorithms=["ES256"], audience=host.provider.issuer)
        seen.append((jwt.get_unverified_header(assertion)["kid"], claims, form))
        document(b'{"active":true}', Content_Type="application/json")(handler)
    endpoint.answer_with(answer)
    for _ in range(2):
        opens(clients.ssh(token, "alice"))
    for kid, claims, form in seen:
        assert kid == "one" and claims["iss"] == claims["sub"] == form["client_id"] == "latchkey"
        assert claims["exp"] - claims["iat"] == 60 and "client_secret" not in form
    assert seen[0][1]["jti"] != seen[1][1]["jti"]


@pytest.fixture(name="signing")
def _signing(host, authority, endpoint):
    """An issuer whose answers are signed; its key is the test's, and the host has it in a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    encode = lambda number: base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()  # noqa: E731
    files.write("/etc/latchkey/corp-keys.json", json.dumps({"keys": [
        {"kty": "EC", "crv": "P-256", "kid": "k", "x": encode(numbers.x), "y": encode(numbers.y)}]}))
    secret_file(SECRET_FILE, SECRET)
    files.write(BUNDLE, authority.file.read_text())
    lines = ["jwks_file: /etc/latchkey/corp-keys.json", "introspection: required", "introspection_answers: jwt",
             f"introspection_endpoint: {endpoint.url}", BY_SECRET, OPAQUE, *FORGETFUL]
    host.with_config(lambda text: text.replace(host_module.CA_FILE, BUNDLE).replace(
        "    leeway: 5s\n", "    leeway: 5s\n" + "".join(f"    {line}\n" for line in lines)))

    def signed(inner: dict, typ: str = "token-introspection+jwt", **claims) -> bytes:
        outer = {"iss": host.provider.issuer, "aud": "latchkey", "iat": int(time.time()), "token_introspection": inner}
        return jwt.encode(outer | claims, key, algorithm="ES256", headers={"kid": "k", "typ": typ}).encode()
    return host, signed


def test_a_signed_answer_counts_and_nothing_else_in_its_place(signing, endpoint):
    host, signed = signing
    token = opaque(host, "alice")
    good = {"active": True} | claims_of("alice", GROUPS)
    endpoint.answer_with(document(signed(good), Content_Type=JWT))
    opens(clients.ssh(token, "alice"))
    endpoint.answer_with(document(signed({"active": False}), Content_Type=JWT))
    refused(host, clients.ssh(token, "alice"), "token_inactive")
    body = signed(good)
    for wrong in (document(json.dumps(good).encode(), Content_Type="application/json"),
                  document(signed(good, typ="at+jwt"), Content_Type=JWT),
                  document(signed(good, aud="somebody"), Content_Type=JWT),
                  document(signed(good, iss="https://other.example"), Content_Type=JWT),
                  document(signed(good, iat=int(time.time()) - 120), Content_Type=JWT),
                  document(body[:-4] + b"AAAA", Content_Type=JWT)):
        endpoint.answer_with(wrong)
        refused(host, clients.ssh(token, "alice"), "introspection_answer_invalid")


def test_a_signed_answer_never_signs_in(signing, endpoint):
    host, signed = signing
    answer = signed({"active": True}, **claims_of("alice", GROUPS)).decode()
    refused(host, clients.ssh(answer, "alice"), "type_wrong")
    assert endpoint.asked() == 0


def test_one_issuers_word_is_never_anothers(host, authority):
    """Two issuers, told apart by prefixes: what one of them vouches for is nothing at the other."""
    with contextlib.ExitStack() as stack:
        ends = [Endpoint(stack.enter_context(contextlib.closing(
            StubProvider(authority.issue("idp.example"), host="idp.example")))) for _ in range(2)]
        secret_file(SECRET_FILE, SECRET)
        files.write(BUNDLE, files.read(host_module.CA_FILE) + authority.file.read_text())

        def section(name: str, issuer: str, end: Endpoint, rest: str = "") -> str:
            return (f"  - name: {name}\n    issuer: {issuer}\n    audiences: [ \"{host_module.AUDIENCE}\" ]\n"
                    f"    ca_file: {BUNDLE}\n    introspection: opaque_only\n    introspection_endpoint: {end.url}\n"
                    f"    {BY_SECRET}\n    opaque_tokens: {{ prefixes: [ {name}_ ] }}\n"
                    "    groups: { claim: groups, map: { \"corp-developers\": [ developers ] } }\n" + rest)
        host.configure("version: 1\nissuers:\n" + section("one", host.provider.issuer, ends[0]) +
                       section("two", "https://two.example", ends[1]) +
                       "access: [ { services: [ sshd ], allow: { groups: [ developers ] } } ]\n")
        host.reload()
        token = opaque(host, "alice", "one_")
        ends[0].says[token] = claims_of("alice", GROUPS)
        ends[1].says[token] = claims_of("bob", GROUPS)
        opens(clients.ssh(token, "alice"))
        refused(host, clients.ssh(token, "bob"), "user_mismatch")
        assert ends[1].asked() == 0, "the other one never sees it"
        other = opaque(host, "bob", "two_")
        ends[0].says[other] = claims_of("bob", GROUPS)
        refused(host, clients.ssh(other, "bob"), "token_inactive")
        # The same subject and name, vouched for by the other one: the name is bound to the first.
        ends[1].says[other] = claims_of("alice", GROUPS)
        host.configure(files.read(host_module.CONFIG) + "log_level: debug\n")
        host.reload()
        refused(host, clients.ssh(other, "alice"), "subject_conflict")


def test_junk_of_one_source_asks_the_provider_no_more_than_its_budget(asking, endpoint):
    host = asking(OPAQUE, keep=True)
    host.configure(files.read(host_module.CONFIG) + "budgets: { verify_cpu_burst: 50ms, verify_cpu_per_second: 1ms }\n")
    host.reload()
    reasons = [host.refusal(clients.paste(opaque(host, f"junk{i}"), "alice").said)[0] for i in range(8)]
    assert set(reasons) <= {"token_inactive", "budget_exhausted"} and reasons[-1] == "budget_exhausted"
    assert endpoint.asked() <= 6


def test_the_offline_verdict_says_that_nobody_was_asked(asking, endpoint):
    host = asking(OPAQUE)
    token = host.provider.token("alice", GROUPS)
    endpoint.says[token] = {}
    opens(clients.ssh(token, "alice"))  # the issuer's keys are there
    asked = endpoint.asked()
    for token in (token, opaque(host, "alice")):
        path = f"{accounts.ROOT.home}/token"
        files.write(path, token, 0o600)
        done = host.ctl("token", "verify", path, check=False)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "NO VERDICT  introspection_unavailable" in done.stdout and "this command asks nobody" in done.stdout
    assert endpoint.asked() == asked


def test_neither_daemon_keeps_a_token_that_was_asked_about(asking, endpoint):
    host = asking(OPAQUE)
    for size in range(3):
        token = opaque(host, f"alice{size}")
        endpoint.says[token] = claims_of("alice", GROUPS)
        opens(clients.ssh(token, "alice"))
    assert host.search.in_memory(host.latchkeyd.pid) == []
    for log in ("latchkeyd.log", "fetchd.log"):
        assert host.search.in_bytes(files.read(f"{host.folder}/{log}").encode()) == []
