# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzzers configuration, discovery, https_url, introspection_answer and revocation_list beside this file.

    make_core_seeds.py

They are where a fuzzer starts: one good input of each kind, and the forms that parsers are known to trip over. An input
that once broke something is not made here; it is kept beside these under the name of the bug.
"""

import json
import os
import re

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


configuration()
discovery()
https_url()
introspection_answer()
revocation_list()
