# SPDX-License-Identifier: Apache-2.0
"""token_commands_test.py LATCHKEYCTL: `latchkeyctl token` as its user runs it, without a daemon."""

import json
import os
import shutil
import signal
import subprocess
import threading
import unittest

import commands
from commands import ACCESS, CONFIG, GARBAGE, OTHER_ISSUER, Commands, b64


class Verify(Commands):
    def setUp(self) -> None:
        super().setUp()
        self.key()

    def test_human_output_has_a_verdict_and_each_check(self):
        done = self.run_it("token", "verify", "--jwks", "key.set", "--config", "l.yaml", stdin=self.token())
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.out.startswith("ACCEPTED\n"), done.out)
        self.assertIn("  passed       signature   the signature verifies\n", done.out)

    def test_status_tells_accepted_from_refused_and_both_from_trouble(self):
        good = self.token()
        now = json.loads(b64(good.split(".")[1]))["exp"]
        header, payload, signature = good.split(".")
        for name, token, more, status, reason in (
                ("good", good, [], 0, "allowed"),
                ("good, with a line break at its end", f"{good}\n", [], 0, "allowed"),
                ("a blank before it, as the daemon refuses", f" {good}", [], 1, "token_malformed"),
                ("a blank behind it", f"{good} \n", [], 1, "token_malformed"),
                ("a line break of DOS", f"{good}\r\n", [], 1, "token_malformed"),
                ("good, and far behind it something else", good + " " * 70_000 + "GARBAGE", [], 1, "token_too_long"),
                ("blanks, and far behind them a good one", " " * 69_632 + good, [], 1, "token_too_long"),
                ("cut by ssh", ("a" * 1_023), [], 1, "token_cut"),
                ("at the end of its leeway", good, ["--now", str(now + 59)], 0, "allowed"),
                ("expired", good, ["--now", str(now + 60)], 1, "token_expired"),
                ("empty", "", [], 1, "token_missing"),
                ("garbage", GARBAGE.replace(b".", b"-"), [], 1, "token_malformed"),
                ("too long", b"a" * 70_000, [], 1, "token_too_long"),
                ("endless", None, [], 1, "token_too_long"),
                ("cut", good[:-2], [], 1, "signature_invalid"),
                ("without a signature", f"{header}.{payload}.", [], 1, "signature_invalid"),
                ("alg none", "eyJhbGciOiJub25lIn0." + payload + ".", [], 1, "algorithm_unsupported"),
                ("five parts", "a.b.c.d.e", [], 1, None),
                ("of another audience", self.token_but("--aud", "ssh://test"), [], 1, "audience_wrong"),
                ("of another issuer", self.token_but("--iss", "https://id.example.com/"), [], 1, "issuer_unknown"),
                ("of another type", self.token("key", "--typ", "logout+jwt"), [], 1, "type_wrong"),
                ("for alice", good, ["--user", "alice", "--root", "root"], 0, "allowed"),
                ("for bob", good, ["--user", "bob", "--root", "root"], 1, "user_mismatch"),
                ("for sudo", good, ["--user", "alice", "--service", "sudo", "--root", "root"], 1, "access_denied")):
            with self.subTest(name):
                answer = self.verify(token, *more) if token is not None else self.verify("", "/dev/zero")
                self.assertEqual(answer["status"], status, answer)
                self.assertEqual(answer["accepted"], status == 0)
                if reason:
                    self.assertEqual(answer["reason"], reason)
                failed = [check["check"] for check in answer["checks"] if check["outcome"] == "failed"]
                self.assertEqual(len(failed), 0 if status == 0 else 1)

    def test_a_key_set_without_the_key_or_with_private_ones_refuses(self):
        good = self.token()
        self.key("other")
        with open(self.path("key"), encoding="utf-8") as file:
            private = file.read()
        with open(self.path("other.set"), encoding="utf-8") as file:
            other = json.load(file)["keys"][0]
        self.put("private.set", json.dumps({"keys": [json.loads(private), other]}))
        self.put("unusable.set", '{"keys":[' + private + "]}")
        self.put("empty.set", '{"keys":[]}')
        for keys, status, reason, note in (("other.set", 1, "key_unknown", "newer keys"),
                                           ("empty.set", 2, "keys_missing", "no key of the set is usable"),
                                           ("unusable.set", 2, "keys_missing", "private or symmetric member"),
                                           ("private.set", 1, "key_unfit", "private or symmetric member")):
            with self.subTest(keys):
                answer = self.verify(good, keys=keys)
                self.assertEqual((answer["status"], answer["reason"]), (status, reason))
                self.assertIn(note, " ".join(answer["notes"]))

    def test_verifies_tokens_of_a_symmetric_issuer_without_the_daemon(self):
        self.good("jwk", "generate", "--type", "oct", "--out", "oct")
        symmetric = ("  - name: ci\n    issuer: https://ci.example.com\n    audiences: [ a ]\n"
                     f"    symmetric_key_file: {self.path('oct')}\n    symmetric_algorithm: HS256\n"
                     "    user: { claim: sub }\n")
        self.put("ci.yaml", "version: 1\nissuers:\n" + symmetric + ACCESS)
        self.put("both.yaml", CONFIG + symmetric + ACCESS)
        sign = ["token", "sign", "--iss", "https://ci.example.com", "--sub", "ci", "--aud", "a", "--key"]
        good, other = self.good(*sign, "oct"), self.good(*sign, "key")
        for config in (["ci.yaml"], ["both.yaml", "--issuer", "ci"]):
            verify = ["--json", "--socket", self.path("none"), "token", "verify", "--config", *config]
            for token, status in ((good, 0), (other, 1), (good[:-3] + "\n", 1)):
                with self.subTest(config=config, status=status):
                    self.assertEqual(self.run_it(*verify, stdin=token).returncode, status)
        done = self.run_it(*verify, "--user", "alice", "--root", "root", stdin=good)
        self.assertIn("nothing is known of revocations", " ".join(json.loads(done.out)["notes"]))
        done = self.run_it("--socket", self.path("none"), "token", "verify", "--config", "both.yaml", stdin=good)
        self.assertEqual(done.returncode, 2, "the other issuer's keys are known to the daemon alone")

    def test_a_symmetric_key_file_that_the_daemon_would_refuse_gives_no_verdict(self):
        self.good("jwk", "generate", "--type", "oct", "--out", "oct")
        self.put("ci.yaml", "version: 1\nissuers:\n  - name: ci\n    issuer: https://ci.example.com\n"
                 f"    audiences: [ a ]\n    symmetric_key_file: {self.path('oct')}\n"
                 "    symmetric_algorithm: HS256\n    user: { claim: sub }\n" + ACCESS)
        token = self.good("token", "sign", "--iss", "https://ci.example.com", "--sub", "ci", "--aud", "a",
                          "--key", "oct")
        verify = ["token", "verify", "--config", "ci.yaml"]
        self.good(*verify, stdin=token)

        def no_verdict():
            done = self.run_it("--json", *verify, stdin=token)
            answer = json.loads(done.out)
            self.assertEqual((done.returncode, answer["reason"]), (2, "keys_missing"))
            return " ".join(answer["notes"])
        for mode, why in ((0o604, "read by others"), (0o602, "written by others"), (0o620, "written by others")):
            os.chmod(self.path("oct"), mode)
            self.assertIn(why, no_verdict())
        os.chmod(self.path("oct"), 0o640)
        if os.geteuid() == 0:
            os.chown(self.path("oct"), 0, 65534)
            self.assertIn("read by the group 65534", no_verdict())
            os.chown(self.path("oct"), 65534, 0)
            self.assertIn("belongs to uid 65534", no_verdict())
        os.remove(self.path("oct"))
        os.mkfifo(self.path("oct"), 0o600)
        self.assertIn("is not a plain file", no_verdict())

    def test_an_unreadable_symmetric_key_of_one_issuer_leaves_the_others_their_verdicts(self):
        self.put("two.yaml", "version: 1\nissuers:\n" + "".join(
            f"  - name: {name}\n    issuer: https://{name}.example.com\n    audiences: [ a ]\n"
            f"    symmetric_key_file: {self.path(name)}\n    symmetric_algorithm: HS256\n    user: {{ claim: sub }}\n"
            for name in ("one", "two")) + ACCESS)
        tokens = {}
        for name in ("one", "two"):
            self.good("jwk", "generate", "--type", "oct", "--out", name)
            tokens[name] = self.good("token", "sign", "--iss", f"https://{name}.example.com", "--sub", "s", "--aud", "a",
                                     "--key", name)
        os.chmod(self.path("two"), 0o644)
        verify = ["--json", "--socket", self.path("none"), "token", "verify", "--config", "two.yaml"]
        done = self.run_it(*verify, stdin=tokens["one"])
        self.assertEqual(done.returncode, 0, done.out + done.err)
        self.assertIn("there is no key of issuer two: ", " ".join(json.loads(done.out)["notes"]))
        self.assertEqual(self.run_it(*verify, stdin=tokens["two"]).returncode, 2)

    def test_an_empty_value_is_not_the_same_as_none(self):
        good = self.token()
        base = ["token", "verify", "--jwks", "key.set", "--config", "l.yaml", "--root", "root"]
        self.good(*base, stdin=good)
        for option in ("--user", "--now", "--issuer", "--service"):
            self.assertIn(f"{option} is given and empty", self.trouble(*base, option, "", stdin=good))
        for option in ("--jwks", "--config"):
            self.assertIn(f"{option} is given and empty", self.trouble("token", "verify", option, "", stdin=good))
        self.assertIn("FILE is given and empty", self.trouble("token", "verify", "", stdin=good))
        for option in ("--out", "--sub", "--kid", "--claims", "--aud", "--lifetime"):
            self.assertIn(f"{option} is given and empty", self.trouble("token", "sign", "--key", "key", option, ""))

    def test_trouble_is_neither_accepted_nor_refused(self):
        good = self.token()
        self.put("garbage", GARBAGE)
        self.put("big", b'{"keys":[' + b" " * 1_100_000)
        self.put("one-key", self.good("jwk", "public", "key"))
        self.put("bad.yaml", CONFIG + ACCESS.replace("services", "service"))
        self.put("two.yaml", CONFIG + OTHER_ISSUER + ACCESS)
        self.put("open.yaml", CONFIG + ACCESS, 0o666)
        jwks = ["--jwks", "key.set", "--config"]
        for name, arguments, why in (
                ("no such token", ["none", *jwks, "l.yaml"], "No such file"),
                ("a folder", [".", *jwks, "l.yaml"], "Is a directory"),
                ("no such keys", ["--jwks", "none", "--config", "l.yaml"], "No such file"),
                ("keys that are garbage", ["--jwks", "garbage", "--config", "l.yaml"], "is no JWK set"),
                ("one key, not a set", ["--jwks", "one-key", "--config", "l.yaml"], "is no JWK set"),
                ("too many keys", ["--jwks", "big", "--config", "l.yaml"], "longer than 262144"),
                ("no such configuration", [*jwks, "none.yaml"], "--config: No such file"),
                ("a bad configuration", [*jwks, "bad.yaml"], "bad.yaml:"),
                ("a configuration that others may write to", [*jwks, "open.yaml"], "may write to it"),
                ("whose keys?", [*jwks, "two.yaml"], "--issuer NAME"),
                ("an unknown issuer", [*jwks, "l.yaml", "--issuer", "nobody"], "--issuer: the configuration has no"),
                ("both from standard input", ["--jwks", "-", "--config", "l.yaml"], "cannot both come"),
                ("a service and nobody", [*jwks, "l.yaml", "--service", "sshd"], "--user NAME"),
                ("a moment that is none", [*jwks, "l.yaml", "--now", "tomorrow"], "--now takes"),
                ("no accounts", [*jwks, "l.yaml", "--user", "alice", "--root", "none"], "--root: its /etc/passwd: No such file"),
                ("an option that is none", ["--jkws", "x"], "more arguments"),
                ("no daemon", ["--socket", self.path("none.sock")], "--jwks FILE verifies without the daemon")):
            with self.subTest(name):
                self.assertIn(why, self.trouble("token", "verify", *arguments, stdin=good))

    def test_the_issuer_chooses_among_several(self):
        self.put("two.yaml", CONFIG + OTHER_ISSUER + ACCESS)
        good = self.token()
        self.assertEqual(self.verify(good, "--issuer", "corp", config="two.yaml")["reason"], "allowed")
        self.assertEqual(self.verify(good, "--issuer", "other", config="two.yaml")["reason"], "issuer_unknown")

    def test_output_that_cannot_be_written_is_trouble(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([commands.PROGRAM, "token", "verify", "--jwks", "key.set", "--config", "l.yaml"],
                                  input=self.token().encode(), stdout=full, stderr=subprocess.PIPE, cwd=self.folder,
                                  timeout=60, check=False)
        self.assertEqual(done.returncode, 2)

    def test_a_token_comes_through_a_fifo(self):
        os.mkfifo(self.path("fifo"))
        good = self.token()

        def write():
            with open(self.path("fifo"), "w", encoding="utf-8") as fifo:
                fifo.write(good)
        writer = threading.Thread(target=write)
        writer.start()
        answer = self.verify("", "fifo")
        writer.join()
        self.assertEqual(answer["reason"], "allowed")

    @unittest.skipIf(os.geteuid() != 0, "needs root to be somebody else")
    def test_what_may_not_be_read_is_trouble(self):
        os.chmod(self.folder, 0o755)
        program = shutil.copy(commands.PROGRAM, self.path("latchkeyctl"))
        os.chmod(program, 0o755)
        self.put("token", self.token())
        done = subprocess.run([program, "token", "verify", self.path("token"), "--jwks", self.path("key.set")],
                              capture_output=True, text=True, timeout=60, check=False, user=65534, cwd="/")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("Permission denied", done.stderr)


class Secrecy(Commands):
    def test_a_token_on_the_command_line_is_not_taken_and_not_repeated(self):
        self.key()
        token = self.token()
        for arguments in ((token,), ("t", token), ("--jwks", token), (token, "--jwks", "key.set"), ("--token", token)):
            for command in ("verify", "show"):
                done = self.run_it("token", command, *arguments)
                self.assertEqual(done.returncode, 2)
                for part in token.split("."):
                    self.assertNotIn(part, done.out + done.err)

    def test_a_private_key_is_in_no_core_file(self):
        if subprocess.run(["sh", "-c", "ulimit -c unlimited"], check=False, capture_output=True).returncode != 0:
            self.skipTest("nobody may raise the limit of core files here (it is 0), so no program can leave one")
        self.key()
        os.mkfifo(self.path("claims"))
        with subprocess.Popen(["sh", "-c", 'ulimit -c unlimited; exec "$0" "$@"', commands.PROGRAM, "token", "sign", "--key",
                               "key", "--claims", "claims"], cwd=self.folder, stdout=subprocess.DEVNULL) as program:
            with open(self.path("claims"), "w", encoding="utf-8"):  # opens when the program does: the key is read by then
                with open(f"/proc/{program.pid}/limits", encoding="ascii") as limits:
                    core = next(line for line in limits if line.startswith("Max core file size"))
                program.send_signal(signal.SIGABRT)
                status = os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
        self.assertEqual(core.split()[4:6], ["0", "0"])
        self.assertEqual(status.si_code, os.CLD_KILLED, "a core was dumped")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("core")], [])

    def test_no_output_holds_a_signature_or_a_secret(self):
        self.key()
        token = self.token()
        signature = token.split(".")[2]
        with open(self.path("key"), encoding="utf-8") as file:
            secret = json.load(file)["d"]
        for arguments in (("token", "verify", "--jwks", "key.set", "--config", "l.yaml"), ("token", "show"),
                          ("--json", "token", "show"), ("jwk", "public", "key"), ("jwk", "thumbprint", "key")):
            done = self.run_it(*arguments, stdin=token)
            self.assertNotIn(signature, done.out + done.err)
            self.assertNotIn(secret, done.out + done.err)


class Show(Commands):
    def test_header_and_claims_are_marked_as_not_verified(self):
        self.key()
        token = self.token("key", "--claim", 'x="\\u001b[31m\\u202e"')
        text = self.good("token", "show", stdin=token)
        self.assertTrue(text.startswith("NOT VERIFIED"), text)
        self.assertIn(r'"x": "\u001b[31m\u202e"', text)
        answer = json.loads(self.good("--json", "token", "show", stdin=token))
        self.assertEqual((answer["verified"], answer["header"]["alg"], answer["claims"]["sub"]), (False, "ES256", "s-1"))

    def test_what_is_no_token_is_trouble(self):
        for name, content in (("nothing", b""), ("garbage", GARBAGE), ("JWE", b"a.b.c.d.e"), ("long", b"a" * 70_000)):
            with self.subTest(name):
                self.trouble("token", "show", stdin=content)


class Help(Commands):
    def test_each_command_explains_itself(self):
        for command in (["token"], ["token", "verify"], ["token", "show"], ["token", "sign"], ["jwk"], ["jwk", "generate"],
                        ["jwk", "public"], ["jwk", "thumbprint"]):
            self.assertIn("Usage: latchkeyctl " + " ".join(command), self.good(*command, "--help"))
        self.assertIn("anything else", self.good("--help"))


if __name__ == "__main__":
    commands.main()
