# SPDX-License-Identifier: Apache-2.0
"""daemon_commands_test.py LATCHKEYCTL: what latchkeyctl makes of a daemon's answers and of a configuration's key files."""

import datetime
import json
import os
import shutil
import socket
import threading

import commands
from commands import ACCESS, CONFIG, Commands


class Daemon:
    """A control socket that answers each call with what it was given for the method."""

    def __init__(self, path: str, answers: dict):
        self._answers = answers
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                text = b""
                while more := peer.recv(65_536):
                    text += more
                    while b"\0" in text:
                        call, _, text = text.partition(b"\0")
                        answer = self._answers[json.loads(call)["method"].rpartition(".")[2]]
                        peer.sendall(json.dumps({"parameters": answer}, ensure_ascii=False).encode() + b"\0")


class BesideADaemon(Commands):
    def test_keys_are_as_old_as_the_daemon_says(self):
        self.key()
        good = self.token()
        with open(self.path("key.set"), encoding="utf-8") as file:
            jwks = file.read()
        for fetched_at, status, reason in (("2020-01-01T00:00:00Z", 2, "keys_stale"), (None, 0, "allowed")):
            now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            keys = {"issuer": "corp", "source": "fetched", "stale": False, "generation": 1, "jwks": jwks,
                    "fetched_at": fetched_at or now}
            path = self.path(f"control-{status}")
            with self.subTest(reason), Daemon(path, {"GetConfig": {"yaml": CONFIG + ACCESS, "digest": "d"}, "GetKeys": keys}):
                done = self.run_it("--json", "--socket", path, "token", "verify", stdin=good)
                self.assertEqual(done.returncode, status, done.err + done.out)
                self.assertEqual(json.loads(done.out)["reason"], reason)

    def test_json_of_the_daemon_moves_no_cursor(self):
        with Daemon(self.path("control"), {"Bindings": {"more": False, "bindings": [
                {"user": "alice", "issuer": "https://i", "subject": "a\u009b\u202e\u2066z"}]}}):
            out = self.good("--json", "--socket", self.path("control"), "bindings", "list")
        self.assertTrue(out.isascii(), out)
        self.assertEqual(json.loads(out)["bindings"][0]["subject"], "a\u009b\u202e\u2066z")


class ManyRevocations(Commands):
    def test_lines_go_in_calls_that_fit_and_a_bad_one_is_named(self):
        lines = [json.dumps({"kind": "token", "issuer": "https://i", "value": f"id-{i}"}) for i in range(1_500)]
        with Daemon(self.path("many"), {"RevokeMany": {"ids": [1]}}):
            done = self.run_it("--socket", self.path("many"), "revocations", "import", stdin="\n".join(lines) + "\n\n")
            self.assertEqual((done.returncode, done.out, done.err), (0, "1500 revocations imported; in force\n", ""))
        with Daemon(self.path("bad"), {"RevokeMany": {"ids": [1]}}):
            done = self.run_it("--socket", self.path("bad"), "revocations", "import",
                               stdin="\n".join(lines[:3] + ['{"kind":"token"}'] + lines[3:]))
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.err, "latchkeyctl: line 4: 'value' is absent or empty\n"
                                       "latchkeyctl: 3 revocations before that are in force\n")
        done = self.run_it("--socket", self.path("none"), "revocations", "import", stdin=lines[0], may_be=(69,))
        self.assertEqual(done.returncode, 69)

    def test_what_is_exported_is_what_is_imported(self):
        row = {"id": 1, "kind": "subject", "issuer": "https://i", "value": "s", "before": "2026-01-01T00:00:00.000Z",
               "created_at": "2026-01-01T00:00:00Z", "comment": "why", "end": "2027-01-01T00:00:00.000Z"}
        with Daemon(self.path("control"), {"Revocations": {"more": False, "revocations": [row]}, "RevokeMany": {"ids": [1]}}):
            out = self.good("--socket", self.path("control"), "revocations", "export")
            self.assertEqual(json.loads(out), {"kind": "subject", "issuer": "https://i", "value": "s",
                                               "before": row["before"], "end": row["end"], "reason": "why"})
            self.assertEqual(self.run_it("--socket", self.path("control"), "revocations", "import", stdin=out).returncode, 0)

    def test_what_to_revoke_is_named_once_and_well(self):
        for words, why in ((("--jti", "j"), "need --issuer"), (("--user", "u", "--issuer", "i"), "--issuer goes with"),
                           ((), "name what to revoke"), (("--token-hash", "abc"), "64 lower-case"),
                           (("--thumbprint", "abc"), "RFC 7638"), (("--user", "u", "--end", "2020-01-01T00:00:00Z"), "to come"),
                           (("--sid", "s", "--issuer", "i", "--before", "2020-01-01T00:00:00Z"), "--before goes with")):
            with self.subTest(words):
                done = self.run_it("--socket", self.path("none"), "revoke", *words, may_be=(64,))
                self.assertEqual(done.returncode, 64, done.err)
                self.assertIn(why, done.err)


class ConfigCheck(Commands):
    def test_key_files_that_cannot_serve_are_errors(self):
        self.key()
        self.good("jwk", "generate", "--type", "oct", "--bits", "256", "--alg", "HS256", "--out", "oct")

        def config(line: str) -> str:
            base = "version: 1\nissuers:\n  - name: ci\n    issuer: https://ci.example.com\n    audiences: [ a ]\n"
            return self.put("c.yaml", base + "".join(f"    {one}\n" for one in line.split("; ")) +
                            "    user: { claim: sub }\n" + ACCESS)
        symmetric = f"symmetric_key_file: {self.path('oct')}; symmetric_algorithm: "
        self.put("empty.set", '{"keys":[]}')
        os.mkfifo(self.path("pipe"))
        shutil.copy(self.path("key.set"), self.path("open.set"))
        os.chmod(self.path("open.set"), 0o666)
        for line, why in ((symmetric + "HS256", None), (symmetric + "HS512", "its 'alg' is not HS512"),
                          (f"symmetric_key_file: {self.path('none')}; symmetric_algorithm: HS256", "No such file"),
                          ("symmetric_key_file: /etc/passwd; symmetric_algorithm: HS256", "read by others"),
                          (f"jwks_file: {self.path('key.set')}", None), (f"jwks_file: {self.path('none')}", "No such file"),
                          (f"jwks_file: {self.path('pipe')}", "is not a plain file"),
                          (f"jwks_file: {self.path('open.set')}", "may be written by others"),
                          (f"jwks_file: {self.path('empty.set')}", "no key of the set is usable")):
            with self.subTest(line):
                done = self.run_it("config", "check", config(line))
                self.assertEqual(done.returncode, 0 if why is None else 1, done.err)
                if why:
                    self.assertIn(why, done.err)
                    self.assertIn("the keys of issuer ci", done.err)

    def test_a_credential_that_is_not_there_is_a_warning(self):
        self.key()
        config = ("version: 1\nissuers:\n  - name: ci\n    issuer: https://ci.example.com\n    audiences: [ a ]\n"
                  "    user: { claim: sub }\n    introspection: required\n"
                  "    introspection_client: { client_id: c, secret_file: %s }\n" + ACCESS)
        for name, warned in (("none", True), ("key.set", False)):
            with self.subTest(name):
                done = self.run_it("config", "check", self.put("c.yaml", config % self.path(name)))
                self.assertEqual(done.returncode, 0, done.err)
                self.assertEqual("the credential by which issuer ci is asked" in done.err, warned, done.err)


if __name__ == "__main__":
    commands.main()
