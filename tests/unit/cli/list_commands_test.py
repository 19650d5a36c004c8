# SPDX-License-Identifier: Apache-2.0
"""list_commands_test.py LATCHKEYCTL: `latchkeyctl list` as its user runs it, read by code of the test's own."""

import hashlib
import json
import os
import struct

import commands
from commands import Commands, b64

ISSUER = "https://id.example.com"
LIST = "https://lists.example.com/corp"
NOW = "2026-03-01T00:00:00Z"
LATER = "2999-01-01T00:00:00Z"


def named(letter: str, value: str, issuer: str = ISSUER) -> bytes:
    who = hashlib.sha256(issuer.encode()).digest()[:16] if letter != "u" else b""
    return hashlib.sha256(letter.encode() + who + value.encode()).digest()[:16]


def token(value: str, **more: str) -> dict:
    return {"kind": "token", "issuer": ISSUER, "value": value, **more}


def lines(*entries: dict) -> str:
    return "".join(json.dumps(entry) + "\n" for entry in entries)


class Lists(Commands):
    def setUp(self) -> None:
        super().setUp()
        self.key("key", "--type", "OKP")

    def build(self, *entries: dict, folder: str = "list", more: tuple = ()) -> str:
        return self.good("list", "build", folder, *more, stdin=lines(*entries))

    def sign(self, folder: str = "list", key: str = "key", *more: str) -> str:
        return self.good("list", "sign", folder, "--issuer", LIST, "--key", key, "--now", NOW, *more)

    def look(self, folder: str = "list", issuer: str = LIST, keys: str = "key.set", now: str = NOW):
        return self.run_it("list", "verify", folder, "--issuer", issuer, "--keys", keys, "--now", now)

    def expect_good(self, says: str) -> None:
        done = self.look()
        self.assertEqual(done.returncode, 0, done.err)
        self.assertIn(says, done.out)

    def expect_refused(self, why: str, **options: str) -> None:
        done = self.look(**options)
        self.assertEqual((done.returncode, done.out), (1, ""), done.err)
        self.assertIn(why, done.err)

    def payload(self) -> dict:
        with open(self.path("list/manifest.jwt"), encoding="ascii") as file:
            header, payload, _ = file.read().strip().split(".")
        self.assertEqual(json.loads(b64(header))["typ"], "latchkey-revocations+jwt")
        return json.loads(b64(payload))

    def records(self, chunk: dict) -> list:
        with open(self.path(f"list/chunks/{chunk['sha256']}.bin"), "rb") as file:
            body = file.read()
        self.assertEqual((hashlib.sha256(body).hexdigest(), len(body)), (chunk["sha256"], chunk["size"]))
        size = len(body) // chunk["entries"]
        return [body[at:at + size] for at in range(0, len(body), size)]

    def plan(self) -> dict:
        with open(self.path("list/manifest.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_a_list_is_what_the_page_says(self):
        self.build(
            token("b"), token("a"), token("ends", end=LATER), token("a"),
            {"kind": "token_hash", "value": "ab" * 32}, {"kind": "session", "issuer": ISSUER, "value": "sid"},
            {"kind": "subject", "issuer": ISSUER, "value": "sub", "before": "2026-01-01T00:00:00.5Z", "reason": "left"},
            {"kind": "key", "value": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}, {"kind": "user", "value": "alice"})
        self.sign()
        payload = self.payload()
        self.assertEqual({name: payload[name] for name in ("iss", "format", "iat", "version", "max_age")},
                         {"iss": LIST, "format": 1, "iat": 1772323200, "version": 1, "max_age": 3600})
        (step,) = payload["steps"]
        self.assertEqual((step["from"], step["to"]), (0, 1))
        found = {(chunk["kind"], chunk.get("end")): self.records(chunk) for chunk in step["chunks"]}
        self.assertEqual(found, {
            ("token", None): sorted([named("t", "a"), named("t", "b")]),
            ("token", 32472144000): [named("t", "ends")],
            ("token_hash", None): [b"\xab" * 16],
            ("session", None): [named("s", "sid")],
            ("subject", None): [named("p", "sub") + struct.pack("<q", 1767225600500)],
            ("key", None): [b64("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")[:16]],
            ("user", None): [named("u", "alice")],
            ("reasons", None): [b"\x03" + named("p", "sub") + b"\x04left"],
        })
        self.expect_good("version 1: 8 entries")

    def test_a_change_is_a_step_of_its_own_and_all_ways_lead_to_one_set(self):
        many = [token(str(i)) for i in range(50)]
        self.build(*many)
        self.assertIn("nothing has changed", self.build(*many))
        self.assertIn("1 removed, 2 added", self.build(*many[1:], token("new"), token("other", end=LATER)))
        self.sign()
        steps = self.payload()["steps"]
        self.assertEqual([(step["from"], step["to"]) for step in steps], [(0, 1), (1, 2)])
        self.assertEqual([(chunk["op"], chunk["entries"]) for chunk in steps[1]["chunks"]],
                         [("remove", 1), ("add", 1), ("add", 1)])
        self.expect_good("version 2: 51 entries, 2 steps")
        self.assertIn("version 3", self.build(*many, more=("--full",)))
        self.sign()
        self.assertEqual([(step["from"], step["to"]) for step in self.payload()["steps"]], [(0, 3), (1, 2), (2, 3)])
        self.expect_good("version 3: 50 entries, 3 steps")

    def test_a_long_chain_gives_way_to_a_new_step_from_nothing(self):
        for i in range(1, 40):
            self.build(*[token(str(n)) for n in range(i)])
        self.sign()
        self.expect_good("version 39: 39 entries")
        self.assertLessEqual(len(self.payload()["steps"]), 32)

    def test_a_shorter_end_and_an_earlier_moment_come_through(self):
        subject = {"kind": "subject", "issuer": ISSUER, "value": "s"}
        self.build(token("a", end=LATER), {**subject, "before": LATER})
        self.build(token("a", end="2998-01-01T00:00:00Z"), {**subject, "before": NOW})
        self.sign()
        self.expect_good("version 2: 2 entries")
        self.build(token("a", end="2998-01-01T00:00:00Z"), {**subject, "before": NOW}, folder="other")
        self.assertEqual(self.good("list", "diff", "list", "other"), "")

    def test_what_has_ended_is_left_out_and_ends_are_rounded_up(self):
        self.build(token("over", end="2020-01-01T00:00:00Z"), token("a", end="2999-01-01T00:00:00.1Z"),
                   token("b", end="2999-01-01T23:59:59Z"))
        (chunk,) = self.plan()["steps"][0]["chunks"]
        self.assertEqual((chunk["entries"], chunk["end"]), (2, 32472144000 + 86400))

    def test_a_list_is_emptied_only_where_that_is_said(self):
        self.build(token("a"))
        done = self.run_it("list", "build", "list", stdin="\n")
        self.assertEqual((done.returncode, done.out), (1, ""))
        self.assertIn("fewer than --least 1", done.err)
        few = self.run_it("list", "build", "list", "--least", "3", stdin=lines(token("a"), token("b")))
        self.assertEqual(few.returncode, 1)
        self.build(more=("--least", "0"))
        self.sign()
        self.expect_good("version 2: 0 entries")

    def test_a_reader_refuses_what_was_not_signed_for_it(self):
        self.build(token("a"))
        self.sign()
        self.key("stranger", "--type", "OKP")
        self.expect_refused("refused (issuer)", issuer=LIST + "/")
        self.expect_refused("refused (key)", keys="stranger.set")
        self.expect_refused("refused (ahead)", now="2026-02-28T23:54:59Z")
        with open(self.path("list/manifest.jwt"), encoding="ascii") as file:
            whole = file.read()
        self.put("list/manifest.jwt", whole[:40] + ("A" if whole[40] != "A" else "B") + whole[41:])
        self.assertEqual(self.look().returncode, 1)
        self.put("list/manifest.jwt", self.token("key"))
        self.expect_refused("refused (type)")

    def test_a_stale_list_says_so(self):
        self.build(token("a"))
        self.sign()
        self.assertEqual(self.look(now="2026-03-01T01:00:00Z").returncode, 0)
        done = self.look(now="2026-03-01T01:00:01Z")
        self.assertEqual(done.returncode, 2)
        self.assertIn("STALE", done.out)

    def test_a_chunk_that_is_another_is_named(self):
        self.build(token("a"), token("b"))
        self.sign()
        (chunk,) = self.plan()["steps"][0]["chunks"]
        path = f"list/chunks/{chunk['sha256']}.bin"
        self.put(path, bytes(32))
        self.expect_refused(f"chunk {chunk['sha256']} has another SHA-256")
        self.put(path, bytes(31))
        self.expect_refused(f"chunk {chunk['sha256']} has 31 bytes")
        os.unlink(self.path(path))
        self.expect_refused(f"{chunk['sha256']}.bin: No such file")

    def test_ways_that_lead_to_other_sets_are_found(self):
        self.build(token("a"))
        self.build(token("a"), token("b"))
        plan = self.plan()
        plan["steps"].append({"from": 0, "to": 2, "chunks": plan["steps"][0]["chunks"]})
        self.put("list/manifest.json", json.dumps(plan))
        self.sign()
        self.expect_refused("leads to another set: 0 entries less, 1 more")

    def test_diff_tells_what_is_more_and_what_is_less(self):
        self.build(token("a", reason="x"), {"kind": "user", "value": "bob"})
        self.build(token("b", reason="lost \"it\"", end=LATER), {"kind": "user", "value": "bob"}, folder="other")
        done = self.run_it("list", "diff", "list", "other")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.out, f"- token {named('t', 'a').hex()} \"x\"\n"
                                   f"+ token {named('t', 'b').hex()} end 2999-01-01T00:00:00.000Z \"lost \\\"it\\\"\"\n")

    def test_a_bad_line_is_named_and_changes_nothing(self):
        good = token("a")
        self.build(good)
        before = self.plan()
        for entry, why in (
                ({"kind": "kid", "value": "secret"}, "'kind' is"), ({"value": "secret"}, "'kind' is"),
                ({"kind": "token", "value": "secret"}, "'issuer' goes with"), ({**good, "value": ""}, "'value' is absent"),
                ({"kind": "user", "issuer": ISSUER, "value": "secret"}, "'issuer' goes with"),
                ({**good, "before": NOW}, "'before' goes with"), ({**good, "end": "secret"}, "'end' is no"),
                ({"kind": "subject", "issuer": ISSUER, "value": "secret"}, "'before' goes with"),
                ({"kind": "key", "value": "secret"}, "RFC 7638"), ({"kind": "token_hash", "value": "secret"}, "SHA-256"),
                ({**good, "secret": "x"}, "a member other than"), ({**good, "value": 1}, "no string"),
                ({**good, "reason": "secret\n"}, "'reason' is"), ({**good, "reason": "x" * 256}, "'reason' is")):
            with self.subTest(why):
                done = self.run_it("list", "build", "list", stdin=lines(good) + "\n" + lines(entry))
                self.assertEqual((done.returncode, done.out), (1, ""), done.err)
                self.assertIn("line 3: ", done.err)
                self.assertIn(why, done.err)
                self.assertNotIn("secret", done.err)
        for text, why in (("{", "line 1: "), ("[]", "no JSON object"), ('{"kind":"user","kind":"user"}', "duplicate")):
            done = self.run_it("list", "build", "list", stdin=text)
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.err)
        self.assertEqual(self.plan(), before)

    def test_what_cannot_be_signed_is_not(self):
        self.good("jwk", "generate", "--type", "oct", "--out", "shared")
        for folder, key, why in (("none", "key", "there is no list yet"), ("list", "shared", "a key pair")):
            self.build(token("a"))
            done = self.run_it("list", "sign", folder, "--issuer", LIST, "--key", key)
            self.assertEqual((done.returncode, done.out), (1, ""))
            self.assertIn(why, done.err)
        self.assertFalse(os.path.exists(self.path("list/manifest.jwt")))

    def test_too_many_ends_are_refused_with_the_way_out(self):
        entries = [token(str(i), end=f"2999-01-01T{i // 60:02}:{i % 60:02}:00Z") for i in range(300)]
        done = self.run_it("list", "build", "list", "--round-end", "1m", stdin=lines(*entries))
        self.assertEqual(done.returncode, 1)
        self.assertIn("--round-end makes fewer chunks", done.err)
        self.assertFalse(os.path.exists(self.path("list/manifest.json")))
        self.build(*entries)

    def test_more_small_kinds_than_a_set_may_have_are_refused(self):
        many = "".join(f'{{"kind":"user","value":"u{i}"}}\n' for i in range(262_145))
        done = self.run_it("list", "build", "list", stdin=many)
        self.assertEqual((done.returncode, done.out), (1, ""))
        self.assertIn("262145 subjects, keys and users, more than 262144", done.err)
        self.assertFalse(os.path.exists(self.path("list/manifest.json")))
        self.assertIn("262144 entries", self.good("list", "build", "list", stdin=many[:many.rindex('{"kind"')]))

    def test_json_says_the_same_to_programs(self):
        def run(*arguments: str, **options) -> tuple:
            done = self.run_it("--json", "list", *arguments, **options)
            self.assertEqual(done.err, "")
            return done.returncode, json.loads(done.out)

        status, said = run("build", "list", stdin=lines(token("a", reason="stolen"), token("b")))
        self.assertEqual((status, said), (0, {"version": 1, "changed": True, "entries": 2, "removed": 0, "added": 2}))
        self.assertEqual(run("build", "list", stdin=lines(token("a", reason="stolen"), token("b")))[1]["changed"], False)
        status, said = run("sign", "list", "--issuer", LIST, "--key", "key", "--now", NOW)
        self.assertEqual((status, said), (0, {"version": 1, "issued_at": "2026-03-01T00:00:00.000Z", "max_age_s": 3600}))
        status, said = run("verify", "list", "--issuer", LIST, "--keys", "key.set", "--now", LATER)
        self.assertEqual((status, said["version"], said["entries"], said["stale"]), (2, 1, 2, True))
        self.build(token("b"), folder="other")
        status, said = run("diff", "list", "other")
        self.assertEqual((status, said["added"]), (1, []))
        self.assertEqual([row["digest"] for row in said["removed"]], [named("t", "a").hex()])
        status, said = run("verify", "list", "--issuer", "another", "--keys", "key.set")
        self.assertEqual((status, said["error"]), (1, "failed"))
        self.assertIn("refused (issuer)", said["message"])


if __name__ == "__main__":
    commands.main()
