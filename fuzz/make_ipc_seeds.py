# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzzers varlink, control, fetch_messages, redis_reply, http_fields and userdb beside this file.

    make_ipc_seeds.py

They are where a fuzzer starts: one good input of each kind, and the forms that parsers are known to trip over. An input
that once broke something is not made here; it is kept beside these under the name of the bug.
"""

import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
TIME = "2026-03-01T09:30:00.125Z"


def put(fuzzer, name, text):
    folder = os.path.join(HERE, "seeds", fuzzer)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def varlink():
    calls = {
        "get_info": {"method": "org.varlink.service.GetInfo"},
        "describe": {"method": "org.varlink.service.GetInterfaceDescription",
                     "parameters": {"interface": "io.latchkey.Control"}},
        "revoke": {"method": "io.latchkey.Control.Revoke", "parameters": {"kind": "user", "value": "alice"}},
        "explain_oneway": {"method": "io.latchkey.Control.Explain", "parameters": {"id": "1a2b3c4d"}, "oneway": True},
        "unknown": {"method": "a.B", "parameters": {"x": [None, True, -1, 1.5, "\u00e9", {"y": {}}]}, "more": True},
        "upgrade": {"method": "a.B", "upgrade": True},
    }
    for name, call in calls.items():
        put("varlink", name, json.dumps(call) + "\0")
    put("varlink", "two_calls", "".join(json.dumps(call) + "\0" for call in list(calls.values())[:2]))
    put("varlink", "reply", json.dumps({"parameters": {"id": 1}, "continues": False}) + "\0")
    put("varlink", "error", json.dumps({"error": "io.latchkey.Control.NotFound", "parameters": {}}) + "\0")
    put("varlink", "name_twice", b'{"method":"a.B","\\u006dethod":"a.C"}\0')
    put("varlink", "deep", b'{"method":"a.B","parameters":{"x":' + b"[" * 40 + b"]" * 40 + b"}}\0")
    put("varlink", "no_utf_8", b'{"method":"a.B\xff"}\0')
    put("varlink", "nul_inside", b'{"method":"a.B","parameters":{"x":"\\u0000"}}\0')
    put("varlink", "endless", b"x" * 5000)
    put("varlink", "only_nuls", b"\0\0\0")


def control():
    issuer = {"name": "corp", "issuer": "https://id.example", "source": "cache", "stale": True, "generation": 3,
              "keys": [{"kid": "k1", "thumbprint": "t", "algorithms": ["ES256"]}],
              "dropped": [{"kid": "k2", "why": "use is enc"}], "fetched_at": TIME, "last_error": "x"}
    counters = {"allowed": 1, "refused": 2, "unavailable": 3, "user_unknown": 4, "not_managed": 5}
    put("control", "status", json.dumps({
        "version": "1", "pid": 1, "started_at": TIME, "config_digest": "d", "config_loaded_at": TIME, "snapshot": 1,
        "workers": 4, "conversations": 0, "logins": 0, "bindings": 0, "revocations": 0, "remembered_tokens": 0,
        "decisions": counters, "issuers": [issuer]}))
    put("control", "explain", json.dumps({"decision": {
        "id": "1a2b3c4d", "time": TIME, "operation": "account", "service": "sudo", "user": "alice", "ruser": "", "rhost": "",
        "tty": "", "pid": 1, "reason": "allowed", "class": "allowed", "administrator": "", "detail": "", "rule": "",
        "issuer": "", "subject": "", "key_id": "", "clause": "-",
        "checks": [{"check": "form", "description": "", "outcome": "passed"}]}}))
    put("control", "revoke", json.dumps({"kind": "subject", "issuer": "i", "value": "v", "before": TIME, "comment": "c"}))
    put("control", "revocations", json.dumps({"revocations": [
        {"id": 1, "kind": "token", "issuer": "i", "value": "v", "created_at": TIME, "comment": ""}], "more": True}))
    put("control", "bindings", json.dumps({"bindings": [{"user": "a", "issuer": "i", "subject": "s"}], "more": False}))
    put("control", "config_invalid", json.dumps({"errors": [{"file": "f", "line": 1, "column": 2, "message": "m"}]}))
    put("control", "page", json.dumps({"kind": "token", "after": 1, "limit": 1000}))
    put("control", "empty", "{}")
    put("control", "nulls", json.dumps({"limit": None, "user": None}))
    put("control", "big_number", '{"id": 18446744073709551615}')
    put("control", "time_with_offset", "0001-01-01T00:00:00.123456789+23:59")
    put("control", "time_at_the_end", "9999-12-31T23:59:59-23:59")


def fetch_messages():
    put("fetch_messages", "request", json.dumps(
        {"v": 1, "id": 7, "issuer": "corp", "digest": "d" * 64, "document": "jwks", "etag": '"x"'}))
    put("fetch_messages", "metadata", json.dumps({"v": 1, "id": 7, "issuer": "corp", "digest": "", "document": "metadata"}))
    put("fetch_messages", "introspection", json.dumps(
        {"v": 1, "id": 7, "issuer": "corp", "digest": "d", "document": "introspection", "bytes": 65536}))
    put("fetch_messages", "list_manifest", json.dumps(
        {"v": 1, "id": 7, "issuer": "fleet", "digest": "d", "document": "list_manifest", "etag": '"x"'}))
    put("fetch_messages", "list_chunk", json.dumps(
        {"v": 1, "id": 7, "issuer": "fleet", "digest": "d", "document": "list_chunk", "bytes": 16777216, "sha256": "7f" * 32}))
    put("fetch_messages", "security_events", json.dumps(
        {"v": 1, "id": 8, "issuer": "corp-events", "digest": "d", "document": "security_events", "bytes": 40, "wait_s": 30}))
    put("fetch_messages", "status_list", json.dumps(
        {"v": 1, "id": 7, "issuer": "corp-status", "digest": "d", "document": "status_list",
         "uri": "https://status.example.com/lists/1", "etag": '"x"'}))
    put("fetch_messages", "stream_items", json.dumps(
        {"v": 1, "id": 7, "issuer": "now", "digest": "d", "document": "stream_items", "after": "1764331260000-0"}))
    put("fetch_messages", "answer_form", json.dumps({"v": 1, "id": 7, "status": "ok", "bytes": 17, "form": "jwt"}))
    put("fetch_messages", "answer_status", json.dumps(
        {"v": 1, "id": 7, "status": "failed", "error": "corp: introspection: HTTP status 401", "http_status": 401}))
    put("fetch_messages", "ok", json.dumps(
        {"v": 1, "id": 7, "status": "ok", "bytes": 1048576, "etag": 'W/"x"', "max_age_s": 300}))
    put("fetch_messages", "not_modified", json.dumps({"v": 1, "id": 7, "status": "not_modified", "max_age_s": 0}))
    put("fetch_messages", "failed", json.dumps(
        {"v": 1, "id": 7, "status": "failed", "error": "corp: jwks: \u00e9\n", "retry_after_s": 1}))
    put("fetch_messages", "reload", json.dumps({"v": 1, "id": 9223372036854775807, "status": "reload"}))
    put("fetch_messages", "untrusted", json.dumps(
        {"v": 1, "id": 7, "status": "untrusted", "error": "corp: jwks: TLS pin: no match"}))
    put("fetch_messages", "busy", json.dumps(
        {"v": 1, "id": 7, "status": "busy", "error": "corp-status: asked for too often", "retry_after_s": 1}))
    put("fetch_messages", "fractions", '{"v":1.0,"id":1e3,"status":"failed"}')


def redis_reply():
    entry = "*2\r\n$3\r\n2-0\r\n*2\r\n$4\r\nitem\r\n$5\r\na.b.c\r\n"
    put("redis_reply", "xread", "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n" + entry)
    put("redis_reply", "xinfo", "*8\r\n$6\r\nlength\r\n:1\r\n$17\r\nlast-generated-id\r\n$3\r\n2-0\r\n"
        "$20\r\nmax-deleted-entry-id\r\n$3\r\n0-0\r\n$11\r\nfirst-entry\r\n" + entry)
    put("redis_reply", "errors", "-NOPERM no\r\n+OK\r\n$-1\r\n*-1\r\n*0\r\n:-7\r\n")
    put("redis_reply", "huge", "*4097\r\n$536870913\r\n")
    put("redis_reply", "batch", "trimmed\n1-0 3\nabc\n")


def http_fields():
    put("http_fields", "usual", "public, max-age=300\n120")
    put("http_fields", "several", "max-age=1, max-age=\"2\"\nno-cache=\"x, y\"\nno-store\n")
    put("http_fields", "open_quote", "x=\"a, max-age=1\n\"\n")
    put("http_fields", "huge", "max-age=99999999999999999999999\n99999999999999999999999")
    put("http_fields", "tags", "\"abc\"\nW/\"abc\"\n\"a\"b\"\nW/\n\"\n\"\"")
    put("http_fields", "control_bytes", b"\"a\x00b\x1b\x7f\xff\"\n\r\n\t")


def userdb():
    def call(method, more=False, **parameters):
        message = {"method": f"io.systemd.UserDatabase.{method}", "parameters": parameters | {"service": "io.latchkey.Names"}}
        return json.dumps(message | ({"more": True} if more else {})) + "\0"

    put("userdb", "user", "-" + call("GetUserRecord", userName="bob"))
    put("userdb", "uid", "-" + call("GetUserRecord", uid=2002))
    put("userdb", "conflict", "-" + call("GetUserRecord", uid=2003, userName="bob"))
    put("userdb", "guest", "s" + call("GetUserRecord", userName="alice") + call("GetGroupRecord", groupName="alice") +
        "".join(call("GetGroupRecord", gid=gid) for gid in range(100000, 100064)))
    put("userdb", "group", "-" + call("GetGroupRecord", groupName="Ops") + call("GetGroupRecord", gid=2002))
    put("userdb", "members", "-" + call("GetMemberships", True, groupName="Ops") + call("GetMemberships", True, userName="bob") +
        call("GetMemberships", userName="bob", groupName="docker"))
    for size in ("", " "):  # an even and an odd length: the book that may be listed, and the other
        put("userdb", "all" + ("_odd" if size else ""), "-" + "".join(
            size + call(method, True) for method in ("GetUserRecord", "GetGroupRecord", "GetMemberships")))
    put("userdb", "other_service", "-" + call("GetUserRecord", userName="bob").replace("io.latchkey.Names", "x"))
    put("userdb", "filter", "-" + call("GetUserRecord", uidMin=1, userName="bob"))
    put("userdb", "odd_names", "s" + "".join(call("GetUserRecord", userName=name) for name in
                                             ("", "1000", "0x0", "-a", "a\0b", "\u00e9", "A", "a" * 33, "lou", "docker")))
    put("userdb", "introspection", '-{"method":"org.varlink.service.GetInfo"}\0{"method":"org.varlink.service.'
        'GetInterfaceDescription","parameters":{"interface":"io.systemd.UserDatabase"}}\0')
    put("userdb", "no_object", "-[]\0")


varlink()
control()
fetch_messages()
redis_reply()
http_fields()
userdb()
