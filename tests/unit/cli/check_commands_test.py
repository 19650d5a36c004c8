# SPDX-License-Identifier: Apache-2.0
"""check_commands_test.py LATCHKEYCTL: `latchkeyctl check` as its user runs it, without a daemon."""

import json

import commands
from commands import ACCESS, CONFIG, OTHER_ISSUER, Commands

ALICE = {"sub": "s-1", "preferred_username": "alice", "groups": ["dev"]}
SYMMETRIC = ("  - name: ci\n    issuer: https://ci.example.com\n    audiences: [ a ]\n    symmetric_key_file: /nowhere\n"
             "    symmetric_algorithm: HS384\n    user: { claim: sub }\n")


class Check(Commands):
    def check(self, claims, *more: str, config: str = "l.yaml", user: str = "alice") -> dict:
        text = claims if isinstance(claims, (str, bytes)) else json.dumps(claims)
        done = self.run_it("--json", "--socket", self.path("none"), "check", "--user", user, "--claims", "-", "--config", config,
                           "--root", "root", *more, stdin=text)
        answer = json.loads(done.out) if done.out else {"reason": None}
        return {**answer, "status": done.returncode, "err": done.err}

    def test_claims_are_judged_by_the_daemons_engine_from_the_first_check_to_the_last(self):
        for name, claims, more, status, reason in (
                ("let in", ALICE, [], 0, "allowed"),
                ("by another service", ALICE, ["--service", "sudo"], 1, "access_denied"),
                ("of another user", {**ALICE, "preferred_username": "bob"}, [], 1, "user_mismatch"),
                ("without the group", {**ALICE, "groups": []}, [], 1, "access_denied"),
                ("for somebody else", {**ALICE, "aud": "ssh://test"}, [], 1, "audience_wrong"),
                ("that has expired", {**ALICE, "iat": 1, "exp": 2}, [], 1, "token_expired"),
                ("without a subject", {"preferred_username": "alice"}, [], 1, "claim_missing"),
                ("at another moment", {**ALICE, "iat": 1_000_000, "exp": 1_000_300}, ["--now", "1000100"], 0, "allowed")):
            with self.subTest(name):
                answer = self.check(claims, *more)
                self.assertEqual((answer["status"], answer["reason"]), (status, reason), answer)
                self.assertIn("no provider signed these claims", answer["notes"][0])

    def test_the_rule_is_named_with_its_line_and_what_it_wants(self):
        answer = self.check(ALICE)
        self.assertEqual((answer["rule"], answer["rule_place"]), ("login", "l.yaml:9"))
        answer = self.check({**ALICE, "groups": ["other"]})
        self.assertEqual((answer["rule"], answer["rule_place"]), ("login", "l.yaml:9"))
        self.assertIn('it wants one of the groups "developers", the map gave none', answer["detail"])
        self.assertEqual([each["check"] for each in answer["checks"] if each["outcome"] == "failed"], ["access"])

    def test_what_was_put_in_is_said(self):
        put = [note for note in self.check(ALICE)["notes"] if note.startswith("the claims had no")]
        self.assertEqual([note.split("'")[1] for note in put], ["iss", "aud", "iat", "exp"])
        whole = {**ALICE, "iss": "https://id.example.com", "aud": ["ssh://prod"], "iat": 1_000_000, "exp": 1_000_300}
        answer = self.check(whole, "--now", "1000100")
        self.assertEqual((answer["status"], [note for note in answer["notes"] if note.startswith("the claims had no")]), (0, []))

    def test_of_several_issuers_one_is_said_by_the_claims_or_by_the_option(self):
        self.put("two.yaml", CONFIG + OTHER_ISSUER + SYMMETRIC + ACCESS)
        answer = self.check(ALICE, config="two.yaml")
        self.assertEqual(answer["status"], 2)
        self.assertIn("say with --issuer NAME", answer["err"])
        self.assertEqual(self.check(ALICE, "--issuer", "corp", config="two.yaml")["status"], 0)
        self.assertEqual(self.check({**ALICE, "iss": "https://id.example.com"}, config="two.yaml")["status"], 0)
        answer = self.check({**ALICE, "iss": "https://other.example.com"}, config="two.yaml")
        self.assertEqual((answer["status"], answer["reason"]), (1, "access_denied"), "it gives no groups")
        answer = self.check({"iss": "https://ci.example.com", "sub": "alice"}, config="two.yaml")
        self.assertEqual((answer["status"], answer["reason"]), (1, "access_denied"), "a symmetric key is made as well")
        answer = self.check({**ALICE, "iss": "https://nobody.example.com"}, config="two.yaml")
        self.assertEqual(answer["status"], 2)
        self.assertIn("no issuer of the configuration", answer["err"])

    def test_each_algorithm_that_an_issuer_may_have_alone(self):
        for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"):
            with self.subTest(algorithm):
                config = "\n".join(line for line in CONFIG.splitlines() if "algorithms" not in line)
                self.put("one.yaml", config.replace("    audiences", f"    algorithms: [ {algorithm} ]\n    audiences") + "\n" + ACCESS)
                self.assertEqual(self.check(ALICE, config="one.yaml")["status"], 0)

    def test_types_of_tokens(self):
        for setting in ("tokens: [ id ]", "typ: [ JWT ]", "typ: [ none ]", "typ: [ none, at+jwt ]", "payload_typ: [ Bearer ]"):
            with self.subTest(setting):
                self.put("typ.yaml", CONFIG.replace("    audiences", f"    {setting}\n    audiences") + ACCESS)
                self.assertEqual(self.check(ALICE, config="typ.yaml")["status"], 0)

    def test_what_are_no_claims_is_trouble(self):
        for claims, why in (("", "standard input"), ("[]", "is no JSON object"), ('{"a":1,"a":2}', "standard input"), ('{"iss":7}', "'iss' of the claims is no text"),
                            ('{"a":' * 40 + "1" + "}" * 40, "standard input"), (" " * 100_000, "is longer than 65536 bytes"), (b'{"sub":"\xff"}', "standard input")):
            with self.subTest(claims[:20]):
                answer = self.check(claims)
                self.assertEqual(answer["status"], 2)
                self.assertIn(why, answer["err"])

    def test_a_real_token_takes_the_daemons_keys(self):
        self.key()
        self.put("t", self.token())
        done = self.run_it("--socket", self.path("none"), "check", "--user", "alice", "--token-file", "t", "--config", "l.yaml")
        self.assertEqual((done.returncode, done.out), (2, ""))
        self.assertIn("is latchkeyd running?", done.err)
        self.assertIn("--claims FILE with --config FILE", done.err)

    def test_one_of_token_and_claims_is_asked_for(self):
        for more in ([], ["--claims", "c", "--token-file", "t"]):
            self.assertIn("--help", self.trouble("check", "--user", "alice", *more))
        self.assertIn("--user", self.trouble("check", "--claims", "c"))

    def test_human_output(self):
        done = self.run_it("--socket", self.path("none"), "check", "--user", "alice", "--claims", "-", "--config", "l.yaml",
                           "--root", "root", stdin=json.dumps(ALICE))
        self.assertTrue(done.out.startswith("ACCEPTED\n"), done.out)
        self.assertIn("login (l.yaml:9)", done.out)


if __name__ == "__main__":
    commands.main()
