# SPDX-License-Identifier: Apache-2.0
"""Answers that are JWTs (RFC 9701): the issuer's own, for us and of now, or none."""

import json
import time

from box import clients
from fetching.introspection import GROUPS, JWT, claims_of, opaque, opens, refused
from fetching.stub_provider import document



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
