# SPDX-License-Identifier: Apache-2.0
"""token_sign_test.py LATCHKEYCTL: `latchkeyctl token sign` as its user runs it."""

import json
import os
import stat
import subprocess

import commands
from commands import CLAIMS, GARBAGE, Commands, b64

# algorithm -> how the key is ordered
ALGORITHMS = {
    **{alg: ["--type", "RSA", "--bits", "2048"] for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
    "ES256": ["--type", "EC"], "ES384": ["--curve", "P-384"], "ES512": ["--curve", "P-521"], "EdDSA": ["--type", "OKP"],
}
SYMMETRIC = {"HS256": "256", "HS384": "384", "HS512": "512"}


class Sign(Commands):
    def test_a_token_of_each_algorithm_verifies(self):
        for alg, order in ALGORITHMS.items():
            with self.subTest(alg):
                if alg[:2] in ("RS", "PS") and os.path.exists(self.path("key")):  # an RSA key takes its time
                    with open(self.path("key"), encoding="utf-8") as file:
                        self.put("key", json.dumps({**json.load(file), "alg": alg}))
                    self.put("key.set", self.good("jwk", "public", "key", "--set"))
                else:
                    self.key("key", *order, "--alg", alg)
                answer = self.verify(self.token())
                self.assertEqual((answer["reason"], answer["status"]), ("allowed", 0))

    def test_a_token_by_hmac_is_signed_and_no_host_with_public_keys_takes_it(self):
        self.key("ec")
        for alg, bits in SYMMETRIC.items():
            with self.subTest(alg):
                self.good("jwk", "generate", "--type", "oct", "--bits", bits, "--alg", alg, "--out", "key", "--force")
                token = self.token()
                self.assertEqual(json.loads(b64(token.split(".")[0]))["alg"], alg)
                self.assertEqual(self.verify(token, keys="ec.set")["status"], 1)

    def test_examples_of_the_rfcs_come_out_to_the_letter(self):
        payload = b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
        hmac_key = {"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}
        self.put("hmac", json.dumps(hmac_key))
        self.put("ed", '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",'
                       '"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}')
        # RFC 8037 appendix A.4
        self.assertEqual(
            self.good("token", "sign", "--key", "ed", "--no-kid", "--payload", "-", stdin="Example of Ed25519 signing"),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR"
            "4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg\n")
        # RFC 7515 appendix A.1: the header there has a line break, the rest is the same.
        token = self.good("token", "sign", "--key", "hmac", "--payload", "-", stdin=payload)
        self.assertEqual(token.split(".")[1], "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS"
                                              "9pc19yb290Ijp0cnVlfQ")
        self.assertEqual(json.loads(b64(token.split(".")[0])), {"alg": "HS256"})

    def test_claims_come_from_a_file_and_options_replace_them(self):
        self.key()
        self.put("claims", '{"iss":"a","aud":["x"],"exp":5,"sub":"s"}')
        token = self.good("token", "sign", "--key", "key", "--claims", "claims", "--iss", "b", "--aud", "y", "--aud", "z",
                          "--claim", "sub=null", "--claim", 'n={"a":[1,2.5,"=\\u00fc"]}', "--now", "1000")
        claims = json.loads(b64(token.split(".")[1]))
        self.assertEqual(len(b64(claims.pop("jti"))), 16)
        self.assertEqual(claims, {"iss": "b", "aud": ["y", "z"], "exp": 5, "sub": None, "n": {"a": [1, 2.5, "=ü"]},
                                  "iat": 1000})

    def test_without_a_lifetime_nothing_is_added(self):
        self.key()
        token = self.good("token", "sign", "--key", "key", "--claims", "-", "--lifetime", "0", stdin='{"sub":"s"}')
        self.assertEqual(b64(token.split(".")[1]), b'{"sub":"s"}')

    def test_header_names_type_and_key_as_asked(self):
        kid = self.key()["kid"]
        for more, header in (([], {"typ": "at+jwt", "kid": kid}), (["--kid", "k"], {"typ": "at+jwt", "kid": "k"}),
                             (["--typ", "", "--no-kid"], {}), (["--typ", "JWT"], {"typ": "JWT", "kid": kid})):
            token = self.token("key", *more)
            self.assertEqual(json.loads(b64(token.split(".")[0])), {"alg": "ES256", **header})

    def test_a_token_goes_into_a_file_for_nobody_else(self):
        self.key()
        self.assertEqual(self.token("key", "--out", "t"), "")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("t")).st_mode), 0o600)
        self.assertEqual(self.run_it("token", "verify", "t", "--jwks", "key.set", "--config", "l.yaml").returncode, 0)
        self.assertIn("is there already", self.trouble("token", "sign", "--key", "key", *CLAIMS, "--out", "t"))

    def test_says_why_nothing_is_signed(self):
        self.key()
        self.key("rsa", "--type", "RSA", "--bits", "2048")
        self.good("jwk", "generate", "--type", "oct", "--bits", "256", "--out", "oct")
        self.put("short", '{"kty":"oct","k":"AAAA"}')
        self.put("vast", json.dumps({"kty": "oct", "k": "AAAA" * 500}))
        self.put("public", self.good("jwk", "public", "key"))
        with open(self.path("key"), encoding="utf-8") as file:
            private = json.load(file)
        self.put("enc", json.dumps({**private, "use": "enc"}))
        self.put("verifies", json.dumps({**private, "key_ops": ["verify"]}))
        self.put("other", json.dumps({**private, "alg": "RS256"}))
        self.put("open", json.dumps(private), 0o644)
        self.put("written", json.dumps(private), 0o622)
        pem = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True).stdout
        self.put("two.pem", pem + pem)
        self.good("token", "sign", "--key", self.put("one.pem", b"Bag Attributes\n" + pem), *CLAIMS)
        self.put("garbage", GARBAGE)
        self.put("list", "[1]")
        self.put("long", b" " * 70_000)
        for arguments, why in (
                (["--key", "none"], "No such file"), (["--key", "garbage"], "neither PEM nor a JWK"),
                (["--key", "/dev/zero"], "longer than 65536"), (["--key", "."], "Is a directory"),
                (["--key", "open"], "everybody may read"), (["--key", "public"], "no private half"),
                (["--key", "enc"], "'use' is not 'sig'"), (["--key", "verifies"], "'key_ops' do not hold 'sign'"),
                (["--key", "other"], "'alg' is none that a key of its type signs with"),
                (["--key", "short"], "too short for HS256, which needs 32"),
                (["--key", "vast"], "longer than 1024 bytes"),
                (["--key", "key", "--alg", "RS256"], "the key is none for RS256: it is EC P-256"),
                (["--key", "key", "--alg", "HS256"], "the key is none for HS256: it is EC P-256"),
                (["--key", "key", "--alg", "none"], "--alg: there is no such algorithm"),
                (["--key", "rsa", "--alg", "PS256"], "names another 'alg'"),
                (["--key", "oct", "--alg", "RS256"], "the key is none for RS256: it is oct"),
                (["--key", "key", "--claims", "list"], "no JSON object"),
                (["--key", "key", "--claims", "garbage"], "garbage: "),
                (["--key", "key", "--claims", "long"], "longer than 65536"),
                (["--key", "key", "--claim", "x"], "NAME=JSON"), (["--key", "key", "--claim", "x=alice"], "with its quotes"),
                (["--key", "key", "--claim", 'x={"a":1,"a":2}'], "duplicate name"),
                (["--key", "key", "--lifetime", "5"], "a number and a unit"),
                (["--key", "key", "--now", "soon"], "--now takes"),
                (["--key", "key", "--claim", 'x="' + "a" * 60_000 + '"'], "longer than 65536"),
                (["--key", "key", "--claim", "x=1", "--claim", "x=2"], "--claim (number 2): the claim is given twice"),
                (["--key", "key", "--iss", "a", "--claim", 'iss="b"'], "given twice"),
                (["--key", "key", "--kid", "k" * 257], "--kid: no host takes"),
                (["--key", "key", "--now", "0000-01-01T00:00:00Z"], "--now takes"),
                (["--key", "key", "--lifetime", "0", "--now", "garbage"], "--now takes"),
                (["--key", "key", "--now", "253402300799", "--lifetime", "1d"], "after the year 9999"),
                (["--key", "written"], "others may write"), (["--key", "two.pem"], "several keys"),
                (["--key", "-", "--claims", "-"], "only one of key, claims and payload"),
                (["--key", "key", "--payload", "list", "--typ", "JWT"], "excludes"),
                (["--key", "key", "--payload", "list", "--claims", "list"], "excludes")):
            with self.subTest(" ".join(arguments)[:60]):
                self.assertIn(why, self.trouble("token", "sign", *arguments))


if __name__ == "__main__":
    commands.main()
