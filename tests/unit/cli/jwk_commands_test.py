# SPDX-License-Identifier: Apache-2.0
"""jwk_commands_test.py LATCHKEYCTL: `latchkeyctl jwk` as its user runs it; keys come from another implementation
(python3-cryptography) as well as from the command itself."""

import json
import os
import stat

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519

import commands
from commands import CLAIMS, GARBAGE, Commands, b64


class Jwk(Commands):
    def test_generate_makes_a_file_for_nobody_else_and_prints_the_public_half_only(self):
        for kind, secret in (("RSA", "d"), ("EC", "d"), ("OKP", "d")):
            with self.subTest(kind):
                public = self.key("key", "--type", kind, *(["--bits", "2048"] if kind == "RSA" else []))
                with open(self.path("key"), encoding="utf-8") as file:
                    private = json.load(file)
                self.assertEqual(stat.S_IMODE(os.stat(self.path("key")).st_mode), 0o600)
                self.assertIn(secret, private)
                self.assertNotIn(secret, public)
                self.assertEqual(public, {name: private[name] for name in public})
                self.assertEqual(public["kid"], self.good("jwk", "thumbprint", "key").strip())
                self.assertEqual(json.loads(self.good("jwk", "public", "key")), public)

    def test_generate_prints_nothing_of_a_symmetric_key(self):
        self.assertEqual(self.good("jwk", "generate", "--type", "oct", "--out", "key"), "")
        with open(self.path("key"), encoding="utf-8") as file:
            private = json.load(file)
        self.assertEqual(len(b64(private["k"])), 64)
        self.assertEqual(private["alg"], "HS256")

    def test_generate_gives_private_material_to_the_output_only_where_it_was_asked_for(self):
        self.assertIn("d", json.loads(self.good("jwk", "generate", "--out", "-")))
        self.assertIn("--out", self.trouble("jwk", "generate"))

    def test_generate_keeps_what_is_there_unless_told_otherwise(self):
        first = self.key("key")
        self.assertIn("is there already", self.trouble("jwk", "generate", "--out", "key"))
        self.assertEqual(json.loads(self.good("jwk", "public", "key")), first)
        self.assertNotEqual(self.key("key")["x"], first["x"])

    def test_generate_refuses_what_no_host_would_take(self):
        for arguments, why in (
                (["--type", "RSA", "--bits", "1024"], "2048 to 8192 bits"),
                (["--type", "RSA", "--bits", "2047"], "2048 to 8192 bits"),
                (["--type", "RSA", "--bits", "8193"], "2048 to 8192 bits"),
                (["--type", "RSA", "--alg", "ES256"], "is one of RS256, RS384, RS512, PS256, PS384, PS512"),
                (["--type", "RSA", "--curve", "P-256"], "--curve goes with EC and OKP"),
                (["--type", "EC", "--bits", "256"], "--bits goes with RSA and oct"),
                (["--type", "EC", "--alg", "none"], "is one of ES256"),
                (["--type", "OKP", "--curve", "P-256"], "the only curve of OKP"),
                (["--type", "oct", "--bits", "128"], "256 to 8192"),
                (["--type", "oct", "--bits", "16384"], "256 to 8192"),
                (["--bits", "0"], "--bits does not take this value"),
                (["--type", "oct", "--bits", "256", "--alg", "HS512"], "HS512 needs 64"),
                (["--type", "oct", "--bits", "376", "--alg", "HS384"], "HS384 needs 48"),
                (["--kid", "k" * 257], "--kid: no host takes"),
                (["--kid", b"\xff\xfe"], "--kid: the key id is not UTF-8"),
                (["--type", "ec"], "--type"),
                (["--curve", "secp256k1"], "--curve")):
            with self.subTest(arguments):
                self.assertIn(why, self.trouble("jwk", "generate", *arguments, "--out", "new"))
                self.assertFalse(os.path.exists(self.path("new")))
        self.assertIn("No such file", self.trouble("jwk", "generate", "--out", "no/such/folder"))

    def test_public_warns_of_a_key_that_hosts_drop_for_what_it_says_of_itself(self):
        self.key("key")
        with open(self.path("key"), encoding="ascii") as file:
            key = json.load(file)
        for change, why in (({"use": "enc"}, "its 'use' is not 'sig'"), ({"alg": "ES384"}, "is not one for this key"),
                            ({"alg": "ES256K"}, "is not one for this key"), ({}, None)):
            with self.subTest(change):
                done = self.run_it("jwk", "public", self.put("changed", json.dumps({**key, **change})))
                self.assertEqual((done.returncode, json.loads(done.out)["kty"]), (0, "EC"))
                self.assertEqual("no host takes this key: " in done.err, why is not None, done.err)
                self.assertIn(why or "", done.err)
        self.assertIn("none that a key of its type signs with", self.trouble(
            "jwk", "public", self.put("odd", json.dumps({**key, "alg": "ES256K"})), "--alg", "ES256"))

    def test_thumbprint_warns_of_the_digest_of_a_secret(self):
        self.good("jwk", "generate", "--type", "oct", "--out", "key")
        self.assertIn("digest of the secret", self.run_it("jwk", "thumbprint", "key").err)

    def test_the_key_id_of_a_symmetric_key_is_no_digest_of_the_secret(self):
        self.good("jwk", "generate", "--type", "oct", "--out", "key")
        with open(self.path("key"), encoding="ascii") as file:
            kid = json.load(file)["kid"]
        self.assertEqual(len(b64(kid)), 16)
        self.assertNotEqual(kid, self.good("jwk", "thumbprint", "key").strip())

    def test_thumbprint_is_that_of_rfc_7638_section_3_1(self):
        key = {"kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
               "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
                    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJ"
                    "ZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBni"
                    "Iqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}
        expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        self.assertEqual(self.good("jwk", "thumbprint", stdin=json.dumps(key)).strip(), expected)
        self.assertEqual(json.loads(self.good("--json", "jwk", "thumbprint", stdin=json.dumps(key))),
                         {"thumbprint": expected})

    def test_public_takes_every_form_of_pem(self):
        forms = serialization.PrivateFormat
        for name, key, private in (("RSA", rsa.generate_private_key(65537, 2048), forms.TraditionalOpenSSL),
                                   ("RSA", rsa.generate_private_key(65537, 2048), forms.PKCS8),
                                   ("EC", ec.generate_private_key(ec.SECP384R1()), forms.TraditionalOpenSSL),
                                   ("EC", ec.generate_private_key(ec.SECP521R1()), forms.PKCS8),
                                   ("OKP", ed25519.Ed25519PrivateKey.generate(), forms.PKCS8)):
            with self.subTest(f"{name} {private}"):
                pem = key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
                public = key.public_key().public_bytes(serialization.Encoding.PEM,
                                                       serialization.PublicFormat.SubjectPublicKeyInfo)
                jwk = json.loads(self.good("jwk", "public", stdin=pem))
                self.assertEqual(jwk["kty"], name)
                self.assertEqual(jwk, json.loads(self.good("jwk", "public", stdin=public)))
                if name == "RSA":
                    self.assertEqual(int.from_bytes(b64(jwk["n"]), "big"), key.public_key().public_numbers().n)
                elif name == "EC":
                    self.assertEqual(int.from_bytes(b64(jwk["y"]), "big"), key.public_key().public_numbers().y)

    def test_public_says_why_something_is_no_key(self):
        def pem(key, lock=None):
            return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     lock or serialization.NoEncryption())
        lock = serialization.BestAvailableEncryption(b"secret")
        for name, content, why in (
                ("nothing", b"", "it is empty"),
                ("garbage", GARBAGE, "neither PEM nor a JWK"),
                ("a token", b"eyJhbGciOiJub25lIn0.e30.", "neither PEM nor a JWK"),
                ("a long one", b"{" + b" " * 70_000, "longer than 65536 bytes"),
                ("DSA", pem(dsa.generate_private_key(1024)), "its type DSA is none of"),
                ("X25519", pem(x25519.X25519PrivateKey.generate()), "its type X25519 is none of"),
                ("secp256k1", pem(ec.generate_private_key(ec.SECP256K1())), "none of P-256, P-384 and P-521"),
                ("locked", pem(ed25519.Ed25519PrivateKey.generate(), lock), "under a passphrase"),
                ("a symmetric key", b'{"kty":"oct","k":"AAAA"}', "no public half"),
                ("a set", b'{"keys":[]}', "one key is wanted")):
            with self.subTest(name):
                self.assertIn(why, self.trouble("jwk", "public", stdin=content))
        self.assertIn("No such file", self.trouble("jwk", "public", "none"))
        self.assertIn("Is a directory", self.trouble("jwk", "public", "."))

    def test_public_warns_of_a_key_that_no_host_takes(self):
        weak = rsa.generate_private_key(65537, 1024).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        done = self.run_it("jwk", "public", stdin=weak)
        self.assertEqual(done.returncode, 0)
        self.assertIn("warning: standard input: no host takes this key: RSA of 1024 bits is too short", done.err)
        self.assertIn("RSA of 1024 bits", self.trouble("token", "sign", "--key", self.put("weak", weak), *CLAIMS))


if __name__ == "__main__":
    commands.main()
