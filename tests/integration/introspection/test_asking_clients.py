# SPDX-License-Identifier: Apache-2.0
"""As whom the issuer is asked: a secret or a key that latchkey-fetchd alone reads."""

import json
import os
import urllib.parse

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from box import clients
from fetching.introspection import GROUPS, KEY_FILE, SECRET_FILE, introspection_of, opens, refused, secret_file
from fetching.stub_provider import document



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
