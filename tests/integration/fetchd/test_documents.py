# SPDX-License-Identifier: Apache-2.0
"""latchkey-fetchd against a real provider (latchkey-devidp), and what it asks for when it has asked before."""

import datetime
import email.utils
import json
import subprocess

from fetching import stub_provider
from fetching.daemon import DEADLINE_S
from fetching.setting import DEVIDP, Devidp, section
from fetching.stub_provider import JWKS, KEY_SET, METADATA, document, tagged


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
