# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzzers configuration, discovery, https_url, introspection_answer, names_file, revocation_list,
security_event, status_list and stream_item beside this file.

    make_core_seeds.py

They are where a fuzzer starts: one good input of each kind, and the forms that parsers are known to trip over. An input
that once broke something is not made here; it is kept beside these under the name of the bug.
"""

import base64
import hashlib
import json
import os
import re
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)


def put(fuzzer, name, text):
    folder = os.path.join(HERE, "seeds", fuzzer)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def configuration():
    with open(os.path.join(TOP, "config", "latchkey.yaml"), encoding="utf-8") as file:
        example = file.read()
    put("configuration", "shipped", example)
    put("configuration", "everything_on", re.sub(r"^( *)#(?=\w+:)", r"\1", example, flags=re.M))
    small = "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ x ] } ]\n"
    put("configuration", "small", small)
    put("configuration", "two_files", small + "managed: [ a ]\n\fmanaged: [ b ]\nbudgets: { conversations: 9 }\n")
    put("configuration", "quotes", small + "access:\n  - name: 'a'\n    services: [ \"*\" ]\n    allow: { acr: "
        "[ \"x\\\"y\\\\\", 'it''s', \"\\u00e9\" ] }\n")
    put("configuration", "require", "version: 1\nissuers:\n  - name: a\n    issuer: https://a/b\n    audiences: [ ~x, 'null' ]"
        "\n    require: { a: true, b: -9223372036854775808, c: 'true', d: 0x1, e: 1.0 }\n    jwks_file: /k\n")
    put("configuration", "suffixes", "version: 1\nissuers:\n  - name: a\n    issuer: https://a/b\n    audiences: [ x ]"
        "\n    user: { claim: email, strip_suffix: [ \"@a.example\", \"@b.example\", \".c\" ] }\n    jwks_file: /k\n")
    put("configuration", "requirements", "version: 1\nissuers:\n  - name: a\n    issuer: https://a/b\n    audiences: [ x ]"
        "\n    require: { a: { one_of: [ x, 1, true ] }, b: { contains: '1' }, c: { present: true }, d: { min: -1, max: 2 } }"
        "\n    require_header: { e: { min: 9223372036854775807 } }\n    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n")
    # The configurations of the providers' pages, and every place that keys may come from.
    providers = os.path.join(TOP, "docs", "providers")
    for page in sorted(os.listdir(providers)):
        with open(os.path.join(providers, page), encoding="utf-8") as file:
            found = re.search(r"<!-- test: configuration -->\n```yaml\n(.*?)```", file.read(), re.S)
        if found:
            put("configuration", "provider_" + page.removesuffix(".md"), found.group(1))
    key = "kty: OKP, crv: Ed25519, kid: k, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    section = "version: 1\nissuers:\n  - name: a\n    issuer: https://a/b\n    audiences: [ x ]\n    "
    put("configuration", "inline_keys", section + "keys: { keys: [ { " + key + ", ext: true, key_ops: [ verify ] } ] }\n")
    put("configuration", "inline_json", section + "keys: |\n      " + json.dumps({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "kid": "k\"", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}) + "\n")
    put("configuration", "by_proxy", section + "discovery: oauth\n    proxy: http://p:1\n    max_refresh_interval: 1h\n"
        "    tls_pins: [ sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE= ]\n")
    put("configuration", "block_texts", "version: 1\nlog_level: >\n  in\n  fo\nissuers: |\n  a\n")
    put("configuration", "duplicates", small + "log_level: info\nlog_level: info\n? log_level\n: info\n")
    put("configuration", "anchors", "a: &a [ 1 ]\nb: *a\n<<: *a\n")
    put("configuration", "open_quote", small + "log_level: \"info\n")
    put("configuration", "deep", "a: " + "[" * 100 + "]" * 100 + "\n")
    put("configuration", "deep_blocks", "- " * 100 + "a\n")
    put("configuration", "two_documents", small + "---\n" + small)
    put("configuration", "tags", "!!map { version: !!int 1 }\n")
    put("configuration", "utf16", ("\ufeff" + small).encode("utf-16-le"))


def discovery():
    good = {"issuer": "https://id.example.com/realms/corp", "jwks_uri": "https://id.example.com/keys",
            "authorization_endpoint": "https://id.example.com/a", "scopes_supported": ["openid"], "x": {"y": [1, 2.5, None]}}
    put("discovery", "good", json.dumps(good))
    put("discovery", "other_origin", json.dumps(good | {"jwks_uri": "https://keys.example.com:8443/keys"}))
    put("discovery", "evil_origin", json.dumps(good | {"jwks_uri": "https://id.example.com@evil.example/keys"}))
    put("discovery", "other_issuer", json.dumps(good | {"issuer": "https://id.example.com/realms/corp/"}))
    put("discovery", "escapes", json.dumps(good).replace("issuer", "\\u0069ssuer"))
    put("discovery", "twice", json.dumps(good)[:-1] + ', "issuer": "https://evil.example"}')
    put("discovery", "no_text", json.dumps(good | {"jwks_uri": ["https://id.example.com/keys"]}))
    put("discovery", "relative", json.dumps(good | {"jwks_uri": "/keys"}))
    put("discovery", "port", json.dumps(good | {"jwks_uri": "https://id.example.com:8443/keys"}))
    put("discovery", "oauth", json.dumps(good | {"introspection_endpoint": "https://id.example.com/i",
                                                 "response_types_supported": [], "signed_metadata": "e30.e30."}))
    put("discovery", "deep", json.dumps(good)[:-1] + ', "x2": ' + "[" * 40 + "]" * 40 + "}")
    put("discovery", "html", "<!DOCTYPE html><html></html>")


def https_url():
    for number, url in enumerate(("https://id.example.com/realms/corp?x=y", "https://[::1]:8443/", "https://127.0.0.1:1",
                                  "https://a.b-c.xn--bcher-kva.example:65535/%20/@", "https://user@h#f\\",
                                  "https://0x7f.1/", "https://h:0443/%zz")):
        put("https_url", f"url_{number}", url)


def introspection_answer():
    good = {"active": True, "token_type": "Bearer", "iss": "https://id.example", "aud": "ssh-prod", "sub": "u",
            "client_id": "cli", "jti": "t", "preferred_username": "alice", "iat": 1900000000, "exp": 1900000600}
    envelope = {"iss": "https://id.example", "aud": ["us"], "iat": 1900000000, "token_introspection": good}
    put("introspection_answer", "opaque", "o" + json.dumps(good))
    put("introspection_answer", "opaque_audiences", "o" + json.dumps(good | {"aud": ["x", "ssh-prod"], "groups": ["a"]}))
    put("introspection_answer", "opaque_inactive", 'o{"active":false,"exp":"x"}')
    put("introspection_answer", "opaque_bound", "o" + json.dumps(good | {"cnf": {"jkt": "x"}}))
    put("introspection_answer", "opaque_refresh", "o" + json.dumps(good | {"token_type": "refresh_token"}))
    put("introspection_answer", "opaque_endless", "o" + json.dumps({k: v for k, v in good.items() if k != "exp"}))
    put("introspection_answer", "active_text", 'o{"active":"true"}')
    put("introspection_answer", "active_twice", 'o{"active":false,"\\u0061ctive":true}')
    put("introspection_answer", "html", "o<!DOCTYPE html><html></html>")
    put("introspection_answer", "signed", 's{"active":true}')
    put("introspection_answer", "signed_subject", "s" + json.dumps(good))
    put("introspection_answer", "signed_types", 's{"active":true,"sub":1,"iss":null,"jti":[],"exp":"1"}')
    put("introspection_answer", "jwt", "c" + json.dumps(envelope))
    put("introspection_answer", "jwt_access_token", "c" + json.dumps(envelope) + '\0{"alg":"EdDSA","kid":"k","typ":"at+jwt"}')
    put("introspection_answer", "jwt_old", "c" + json.dumps(envelope | {"iat": 1, "exp": 2}))
    put("introspection_answer", "jwt_no_claims", "c" + json.dumps(good | {"aud": "us"}))
    put("introspection_answer", "jwt_raw", "jeyJhbGciOiJFZERTQSJ9.e30.AAAA")
    put("introspection_answer", "encrypted", "jeyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA")


def revocation_list():
    with open(os.path.join(TOP, "docs", "REVOCATION-LIST.md"), encoding="utf-8") as file:
        page = file.read().partition("## Test vectors")[2]
    put("revocation_list", "manifest", "m" + re.search(r"^eyJ\S+$", page, re.M).group(0))
    payload = json.loads(re.search(r'^\{"iss".*$', page, re.M).group(0))
    put("revocation_list", "payload", "p" + json.dumps(payload))
    put("revocation_list", "no_steps", "p" + json.dumps(payload | {"steps": []}))
    put("revocation_list", "dead_end", "p" + json.dumps(payload | {"version": 9}))
    put("revocation_list", "chain", "p" + json.dumps(payload | {"steps": [
        {"from": a, "to": b, "chunks": []} for a, b in ((0, 3), (3, 5), (0, 5), (5, 8), (4, 5), (3, 8))]}))
    bodies = [bytes.fromhex(body) for body in re.findall(r"^chunks/.*\n([0-9a-f]+)$", page, re.M)]
    for name, form, body in zip(("tokens", "subjects", "reasons", "removed"), (b"a", b"s", b"w\1", b"r"), bodies):
        put("revocation_list", name, form + body)
    put("revocation_list", "unsorted", b"a" + bodies[0][16:] + bodies[0][:16])
    put("revocation_list", "reason_cut", b"w\1" + bodies[2][:-1])
    put("revocation_list", "long_ago", b"s" + bodies[1][:16] + b"\xff" * 8)


def status_list():
    def lst(data):
        return base64.urlsafe_b64encode(zlib.compress(data, 9)).rstrip(b"=").decode()

    good = {"iss": "https://id.example.com/realms/corp", "sub": "https://id.example.com/statuslists/1", "iat": 1764331260,
            "exp": 1764417660, "ttl": 43200, "status_list": {"bits": 1, "lst": "eNrbuRgAAhcBXQ"}}
    put("status_list", "payload", "p" + json.dumps(good))
    put("status_list", "payload_two_bits", "p" + json.dumps(good | {"status_list": {"bits": 2, "lst": "eNo76fITAAPfAgc"}}))
    put("status_list", "payload_bomb", "p" + json.dumps(good | {"status_list": {"bits": 8, "lst": lst(bytes(1 << 20))}}))
    put("status_list", "payload_most", "p" + json.dumps(good | {"status_list": {"bits": 4, "lst": lst(bytes(4096))}}))
    put("status_list", "payload_expired", "p" + json.dumps(good | {"exp": 1}))
    put("status_list", "payload_ttl", "p" + json.dumps(good | {"ttl": 1e300, "nbf": 1, "aggregation_uri": "https://x"}))
    put("status_list", "raw", "teyJhbGciOiJFZERTQSIsInR5cCI6InN0YXR1c2xpc3Qrand0In0.e30.AAAA")
    put("status_list", "reference", 'r{"status":{"status_list":{"idx":0,"uri":"https://example.com/statuslists/1"}}}')
    put("status_list", "reference_other", 'r{"status":{"other":1}}')
    put("status_list", "reference_fragment", 'r{"status":{"status_list":{"idx":9007199254740991,"uri":"https://a#b"}}}')
    for bits in (1, 2, 4, 8):
        put("status_list", f"packed_{bits}", str(bits).encode() + zlib.compress(bytes(range(0, 256, 5)), 9))
    put("status_list", "packed_stored", b"1" + zlib.compress(b"abc" * 99, 0))
    put("status_list", "packed_cut", b"1" + zlib.compress(b"abc")[:-1])
    put("status_list", "packed_behind", b"1" + zlib.compress(b"abc") + b"x")
    put("status_list", "packed_empty", b"1" + zlib.compress(b""))
    put("status_list", "packed_bomb", b"1" + zlib.compress(bytes(1 << 20), 9))
    put("status_list", "packed_dictionary", b"1\x78\xbb\0\0\0\1abc")


def security_event():
    caep = "https://schemas.openid.net/secevent/caep/event-type/"
    risc = "https://schemas.openid.net/secevent/risc/event-type/"
    user = {"format": "iss_sub", "iss": "https://id.example", "sub": "jane"}
    good = {"iss": "https://id.example", "aud": "us", "iat": 1764331200, "jti": "1", "sub_id": user,
            "events": {caep + "session-revoked": {"event_timestamp": 1764331100}}}
    for name, events in (
            ("claims", {caep + "token-claims-change": {"claims": {"role": "x"}}}),
            ("credential", {caep + "credential-change": {"change_type": "create"}, "urn:x": {}}),
            ("disabled", {risc + "account-disabled": {"reason": "hijacking", "subject": user}}),
            ("required", {risc + "account-credential-change-required": {}}), ("none", {}), ("no_object", {"urn:x": 1})):
        put("security_event", "set_" + name, "s" + json.dumps(good | {"events": events}))
    put("security_event", "set", "s" + json.dumps(good))
    put("security_event", "set_milliseconds", "s" + json.dumps(good).replace("1764331100", "1764331100000"))
    put("security_event", "set_toe", "s" + json.dumps(good | {"toe": 1764331000.5, "exp": 1764331900, "aud": ["x", "us"]}))
    put("security_event", "set_foreign", "s" + json.dumps(good | {"sub_id": user | {"iss": "https://c.example"}}))
    put("security_event", "set_nonce", "s" + json.dumps(good | {"nonce": None}))
    logout = {"iss": "https://id.example", "aud": ["us"], "iat": 1764331200, "exp": 1764331320, "jti": "1", "sub": "jane",
              "sid": "s1", "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}
    put("security_event", "logout", "l" + json.dumps(logout))
    put("security_event", "logout_sub", "l" + json.dumps({k: v for k, v in logout.items() if k != "sid"}))
    put("security_event", "logout_nobody", "l" + json.dumps({k: v for k, v in logout.items() if k not in ("sid", "sub")}))
    put("security_event", "raw", "teyJhbGciOiJFZERTQSIsInR5cCI6InNlY2V2ZW50K2p3dCJ9.e30.AAAA")
    put("security_event", "answer", 'a{"sets":{"1":"eyJ.e30.","2":7},"moreAvailable":true}')
    put("security_event", "answer_none", 'a{"sets":{}}')
    put("security_event", "answer_twice", 'a{"sets":{"1":"a","\\u0031":"b"}}')
    session = {"format": "opaque", "id": "s1"}
    for name, subject in (("iss_sub", user), ("opaque", session), ("email", {"format": "email", "email": "j@example.com"}),
                          ("account", {"format": "account", "uri": "acct:j@example.com"}),
                          ("jwt_id", {"format": "jwt_id", "iss": "https://b.example", "jti": "t"}),
                          ("old", {"subject_type": "iss-sub", "iss": "https://b.example", "sub": "x"}),
                          ("aliases", {"format": "aliases", "identifiers": [user, session, {"format": "did", "url": "did:x"}]}),
                          ("nested", {"format": "aliases", "identifiers": [{"format": "aliases", "identifiers": [user]}]}),
                          ("complex", {"format": "complex", "user": user, "session": session, "tenant": session}),
                          ("complex_old", {"user": user, "device": session}), ("unknown", {"format": "x"})):
        put("security_event", "subject_" + name, "i" + json.dumps(subject))


def stream_item():
    thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    entry = {"kind": "token", "digest": "1a73256c5ecc2abef3b885ae3637cbc3"}
    good = {"iss": "s", "format": 1, "iat": 1764331260, "seq": 8, "prev": 7, "entries": [entry]}
    beat = good | {"seq": 9, "prev": 8, "entries": [], "seen": {thumbprint: 8}, "max_age": 60}
    put("stream_item", "item", "p" + json.dumps(good))
    put("stream_item", "beat", "p" + json.dumps(beat))
    put("stream_item", "in_order", "p" + "\n".join(json.dumps(each) for each in (good | {"prev": 0}, beat)))
    put("stream_item", "gap", "p" + "\n".join(json.dumps(good | {"prev": p, "seq": s}) for p, s in ((0, 1), (2, 3), (1, 2), (2, 3))))
    put("stream_item", "held_back", "p" + json.dumps(beat | {"prev": 0, "seq": 1}))
    put("stream_item", "many", "p" + json.dumps(good | {"entries": [
        entry | {"kind": kind, "end": 1767225600, "reason": "Zürich"} for kind in ("token_hash", "session", "key", "user")]}))
    put("stream_item", "subject", "p" + json.dumps(good | {"entries": [entry | {"kind": "subject", "before": 1764331200000}]}))
    put("stream_item", "no_subject", "p" + json.dumps(good | {"entries": [entry | {"before": 1}]}))
    put("stream_item", "silent", "p" + json.dumps(good | {"entries": []}))
    put("stream_item", "raw", "teyJhbGciOiJFZERTQSIsInR5cCI6ImxhdGNoa2V5LXJldm9jYXRpb24rand0In0.e30.AAAA")


def names_file():
    head = ("latchkey-names:1\nenumerate:no\nprovisional:yes\nids:1879048192:2147352575\nhome:/home/%u\nshell:/bin/bash\n")
    alice = "user:alice:200001:200001:active:0:/home/alice:/bin/bash:Alice \u00c9xample\n"
    bob = "user:bob:200002:200002:locked:1700000000:/home/bob:/bin/sh:\n"
    records = alice + bob + "group:Ops:200011\ngroup:developers:200010\nmember:developers:alice\nmember:docker:bob\n"
    digest = hashlib.sha256((head + records).encode()).hexdigest()
    put("names_file", "whole", f"f{head}{records}sha256:{digest}\n")
    put("names_file", "cut", f"f{head}{records}sha256:{digest[:40]}\n")
    put("names_file", "records", "b" + head + records)
    put("names_file", "no_records", "b" + head)
    for name, text in (("user_twice", alice + alice), ("out_of_order", bob + alice), ("unknown_member", alice + "member:x:bob\n"),
                       ("own_group", alice + "group:alice:200009\n"), ("same_gid", alice + "group:x:200001\n"),
                       ("unknown_line", "shadow:alice:x\n"), ("empty_line", "\n"), ("no_newline", "group:a:200001"),
                       ("reserved", "group:a:65534\n"), ("up_the_tree", alice.replace("/home/alice", "/home/../etc")),
                       ("long_number", "group:a:000000000000000000000200001\n")):
        put("names_file", name, "b" + head + text)
    put("names_file", "no_utf_8", b"b" + head.encode() + alice.encode("latin-1"))
    put("names_file", "narrow", "b" + head.replace("1879048192:2147352575", "60000:60000") + bob)


configuration()
discovery()
https_url()
introspection_answer()
names_file()
revocation_list()
security_event()
status_list()
stream_item()
