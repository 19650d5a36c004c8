# SPDX-License-Identifier: Apache-2.0
"""An introspection endpoint that fails in every way lets nobody in, and it is over when it is over."""

import contextlib
import os
import re
import threading

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from box import clients, files, host as host_module, namespaces
from fetching.certificates import Authority
from fetching.introspection import (GROUPS, JWT, OPAQUE, PATH, SECRET_FILE, Endpoint, introspection_of, opaque, opens, refused,
                                    secret_file)
from fetching.stub_provider import StubProvider, document, drip, endless, raw, reset, until_left

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
            assert "ASKING FAILS" in host.ctl("status").stdout and "required FAILS" in host.ctl("issuers").stdout
        endpoint.work()
        opens(clients.ssh(token, "alice"))
        assert "last_error" not in introspection_of(host), name


@pytest.mark.parametrize("certificate", [
    lambda own, other: other.issue("idp.example"), lambda own, other: own.issue("idp.example", self_signed=True),
    lambda own, other: own.issue("idp.example", begins_days=-3, ends_days=-1),
    lambda own, other: own.issue("idp.example", begins_days=1, ends_days=2),
    lambda own, other: own.issue("other.example"),
    lambda own, other: own.issue("idp.example", usage=ExtendedKeyUsageOID.CLIENT_AUTH),
    lambda own, other: own.issue("idp.example", through_a_server=True),
], ids=["another authority's", "signed by itself", "expired", "not yet valid", "another host's", "not for servers",
        "through a server's"])
def test_an_endpoint_with_a_bad_certificate_never_sees_the_token_or_the_secret(asking, authority, endpoint, tmp_path,
                                                                              certificate):
    stranger = Authority(tmp_path, "stranger")
    with contextlib.closing(StubProvider(certificate(authority, stranger), host="idp.example")) as stub:
        wrong = Endpoint(stub)
        endpoint.url = wrong.url
        host = asking()
        token = host.provider.token("alice", GROUPS)
        wrong.says[token] = {}
        refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
        assert "TLS certificate" in introspection_of(host)["last_error"]
        assert stub.asked(PATH) == 0


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


# Each of these is an answer, or no question at all: the token is revoked at the provider all the time.
THERE = {
    **{f"status {status}": document(b"no", status=status) for status in (400, 401, 403, 413, 429, 500, 502, 503, 504)},
    "a pause": document(b"no", status=503, Retry_After="1"), "a redirect": FAULTS["a redirect"],
    "not active, as a text": document(b'{"active":false}', Content_Type="text/plain"),
    "huge": FAULTS["huge"], "compressed": FAULTS["compressed"], "reset": reset, "no HTTP": FAULTS["no HTTP"],
}


def test_no_answer_of_any_kind_and_no_failure_of_ours_lets_the_signature_do(asking, authority, endpoint, tmp_path):
    host = asking("introspection_down: signature")
    token = host.provider.token("alice", GROUPS)
    for name, answer in THERE.items():
        endpoint.answer_with(answer)
        done = clients.ssh(token, "alice")
        assert done.status == 255, (name, done.said)
        refused(host, done, "introspection_unavailable")
    endpoint.work()
    secret = files.read(SECRET_FILE)
    os.unlink(SECRET_FILE)
    asked = endpoint.asked()
    refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
    assert endpoint.asked() == asked and "credential" in introspection_of(host)["last_error"]
    secret_file(SECRET_FILE, secret)
    with contextlib.closing(StubProvider(Authority(tmp_path, "stranger").issue("idp.example"), host="idp.example")) as stub:
        endpoint.url = Endpoint(stub).url
        host = asking("introspection_down: signature")
        refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
        assert "TLS certificate" in introspection_of(host)["last_error"]


def test_fetchds_own_bound_does_not_let_the_signature_do_and_is_no_pause_of_the_provider(asking, endpoint):
    host = asking("introspection_down: signature", "introspection_rate: 1")
    token = host.provider.token("alice", GROUPS)
    # Each reload gives latchkeyd a new section with all of its questions; fetchd's bound knows the issuer.
    for seconds in range(6, 20):
        host.configure(re.sub(r"leeway: \d+s", f"leeway: {seconds}s", files.read(host_module.CONFIG)))
        host.reload()
        refused(host, clients.ssh(token, "alice"), "introspection_unavailable", "token_inactive")
        if "no provider was asked" in introspection_of(host).get("last_error", ""):
            break
    else:
        pytest.fail("the bound is never reached")
    # Another source, of whose share nothing is spent: it is told of our bound or of the provider's answer.
    other = clients.paste(token, "alice", options=("-o", f"BindAddress={namespaces.ELSEWHERE}"))
    assert other.status == 255 and "uid=" not in other.out, other.said
    reason, request = host.refusal(other.said)
    assert reason in ("introspection_unavailable", "token_inactive"), other.said
    assert "asked for a pause" not in str(host.explain(request))


def test_without_fetchd_no_signature_does(asking, endpoint):
    host = asking("introspection_down: signature")
    token = host.provider.token("alice", GROUPS)
    endpoint.stub.close()
    opens(clients.ssh(token, "alice"))
    host.fetchd.stop()
    refused(host, clients.ssh(token, "alice"), "introspection_unavailable")
