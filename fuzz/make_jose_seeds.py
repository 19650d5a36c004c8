# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzzers base64url, json, header, jwks, key_material and token beside this file.

    make_jose_seeds.py

They are where a fuzzer starts: one good input of each kind, and the forms that verifiers are known to trip over. An input
that once broke something is not made here; it is kept beside these under the name of the bug.
"""

import base64
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def put(fuzzer, name, text):
    folder = os.path.join(HERE, "seeds", fuzzer)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def b64(text):
    return base64.urlsafe_b64encode(text if isinstance(text, bytes) else text.encode()).rstrip(b"=").decode()


def base64url():
    put("base64url", "empty", "")
    put("base64url", "three_lengths", "Zm9vYmFyZm8")
    put("base64url", "all_values", b64(bytes(range(256))))
    put("base64url", "padding", "Zg==")
    put("base64url", "trailing_bits", "Zh")
    put("base64url", "plain_alphabet", "+/+/")
    put("base64url", "one_too_many", "Zm9vY")


def json_texts():
    put("json", "object", '{"a":[1,-2.5e3,true,false,null,"x"],"b":{"c":{}},"":""}')
    put("json", "escapes", '["\\u0065\\n\\ud83d\\udd11\\u0000","\\"\\\\\\/\\b\\f\\r\\t"]')
    put("json", "duplicate", '{"exp":1,"\\u0065xp":2}')
    put("json", "numbers", "[0,-0,1e308,1e400,18446744073709551615,18446744073709551616,-9223372036854775808,01,1.]")
    put("json", "deep", "[" * 16 + "]" * 16)
    put("json", "too_deep", "[" * 17 + "]" * 17)
    put("json", "many_names", "{" + ",".join(f'"name-{i}":{i}' for i in range(40)) + "}")
    put("json", "byte_order_mark", b"\xef\xbb\xbf{}")
    put("json", "broken_utf8", b'["\xff\xc0\xae\xed\xa0\x80"]')
    put("json", "two_values", "{}{}")
    put("json", "blanks", " \t\r\n{ } \n")


def headers():
    put("header", "plain", '{"alg":"RS256","kid":"k","typ":"JWT"}')
    put("header", "access_token", '{"typ":"application/at+jwt","alg":"EdDSA"}')
    put("header", "unknown_members", '{"alg":"ES512","x":{"y":[1,null]},"jku":"https://x","jwk":{"kty":"oct"},"x5c":["A"]}')
    put("header", "crit", '{"alg":"RS256","crit":["exp"],"exp":1}')
    put("header", "crit_by_escape", '{"alg":"RS256","\\u0063rit":[]}')
    put("header", "unencoded", '{"alg":"PS256","b64":false,"crit":["b64"]}')
    put("header", "zip", '{"alg":"RS256","zip":"DEF"}')
    put("header", "nested", '{"alg":"RS256","cty":"application/JWT"}')
    put("header", "none", '{"alg":"nOnE"}')
    put("header", "hmac", '{"alg":"HS256"}')
    put("header", "no_alg", '{"kid":"../../dev/null"}')
    put("header", "types", '{"alg":["RS256"],"kid":1,"typ":null,"cty":{}}')
    put("header", "duplicate", '{"alg":"none","alg":"RS256"}')
    put("header", "long_kid", '{"alg":"RS256","kid":"' + "k" * 257 + '"}')
    put("header", "no_object", "[]")


RSA = {"kty": "RSA", "e": "AQAB",  # RFC 7638 section 3.1
       "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
            "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu"
            "6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8aw"
            "apJzKnqDKgw"}
EC = {"kty": "EC", "crv": "P-256",  # RFC 7517 appendix A.1
      "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}
OKP = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}  # RFC 8037 appendix A.2


def jwks():
    def key_set(*keys):
        return json.dumps({"keys": keys}, separators=(",", ":"))
    put("jwks", "empty", key_set())
    put("jwks", "three_kinds", key_set(RSA | {"kid": "r", "alg": "PS256"}, EC | {"kid": "e", "use": "sig"}, OKP))
    put("jwks", "uses", key_set(EC | {"use": "enc"}, EC | {"key_ops": ["verify"]}, EC | {"key_ops": ["sign"]}))
    put("jwks", "private", key_set(OKP | {"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}, {"kty": "oct", "k": "AAAA"}))
    put("jwks", "one_kid", key_set(EC | {"kid": "k"}, EC | {"kid": "k"}, OKP | {"kid": "k"}, RSA | {"kid": "k"}))
    put("jwks", "certificate", key_set(RSA | {"x5c": ["AAAA"], "x5t": "AA"}))
    put("jwks", "weak", key_set(RSA | {"e": "AQ"}, RSA | {"n": "AQAB"}, EC | {"y": "A" * 43}, OKP | {"x": "A" * 43}))
    put("jwks", "no_set", "[]")


def key_material():
    put("key_material", "rsa_public", json.dumps(RSA | {"alg": "PS256", "kid": "r"}))
    put("key_material", "ec_private", json.dumps({  # RFC 7515 appendix A.3
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}))
    okp = OKP | {"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}
    put("key_material", "okp_private", json.dumps(okp))
    put("key_material", "okp_uses", json.dumps(okp | {"use": "enc", "key_ops": ["verify"], "alg": "ES256", "kid": "\n"}))
    put("key_material", "oct", json.dumps({"kty": "oct", "k": b64(b"k" * 32)}))
    secret = {"kty": "oct", "k": b64(b"k" * 64)}
    put("key_material", "oct_labels", json.dumps(secret | {"kid": "m", "alg": "HS512", "use": "sig", "key_ops": ["verify"]}))
    put("key_material", "oct_cipher", json.dumps(secret | {"alg": "A256KW", "key_ops": ["wrapKey"]}))
    put("key_material", "oct_short", json.dumps({"kty": "oct", "k": b64(b"k" * 31)}))
    put("key_material", "oct_set", json.dumps({"keys": [secret]}))
    put("key_material", "rsa_private", json.dumps(RSA | {"d": "AQAB", "p": "Aw", "q": "Aw", "dp": "Aw", "dq": "Aw", "qi": "Aw"}))
    put("key_material", "long_exponent", json.dumps(RSA | {"d": "f" + "A" * 999}))
    # openssl genpkey -algorithm ed25519; and with -aes256 -pass pass:secret
    put("key_material", "pem",
           "-----BEGIN PRIVATE KEY-----\n"
           "MC4CAQAwBQYDK2VwBCIEIGELisJdxCDmD4jYYsGqbKRE9xLEeOAitZ/mJI9DbI+L\n"
           "-----END PRIVATE KEY-----\n")
    put("key_material", "pem_locked",
           "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
           "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj2YMGA0cH17wICCAAw\n"
           "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJ6pvGKakukmxLCkQGVcbyQEQJFd\n"
           "rU9MzZydJUVn/Hmp2CfsiiN8zP+L3YvtDGTvnpNBSzNnXZCyP4yxSY3W7rOImR/2\n"
           "8dTD88rCHlay8lv2KRw=\n"
           "-----END ENCRYPTED PRIVATE KEY-----\n")
    put("key_material", "pem_public", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


def token():
    good = ('{"iss":"https://id.example","sub":"u","aud":"ssh-prod","exp":1900000600,"iat":1899999990,"nbf":1899999990,'
            '"preferred_username":"alice"}')
    rich = ('{"iss":"https://id.example","sub":"u","aud":["x","ssh-prod"],"exp":1900000600.5,"iat":1899999990,"jti":"t",'
            '"preferred_username":"alice","groups":["a","b"],"acr":"mfa","amr":["pwd"],"auth_time":1899999000,"sid":"s",'
            '"azp":"c","typ":"Bearer","at_hash":"h"}')
    put("token", "good", "s" + good)
    put("token", "rich", "s" + rich)
    put("token", "expired", "s" + good.replace("1900000600", "1"))
    put("token", "logout", "s" + good[:-1] + ',"events":{}}')
    put("token", "bound", "s" + good[:-1] + ',"cnf":{"jkt":"x"}}')
    put("token", "header", 'h{"alg":"EdDSA","kid":"k","typ":"application/at+jwt","x":1}\0' + good)
    put("token", "no_kid", 'h{"alg":"EdDSA"}\0' + good)
    put("token", "unknown_kid", 'h{"alg":"EdDSA","kid":"x"}\0' + good)
    put("token", "crit", 'h{"alg":"EdDSA","crit":["x"],"x":1}\0' + good)
    put("token", "none", 'p{"alg":"none"}\0' + good + "\0")
    put("token", "psychic", 'p{"alg":"EdDSA","kid":"k"}\0' + good + "\0" + "\1" + "\0" * 63)
    put("token", "plain", b64('{"alg":"EdDSA","kid":"k"}') + "." + b64(good) + "." + b64("x" * 64))
    sets = {"one": [OKP | {"kid": "k", "alg": "EdDSA", "use": "sig"}], "nameless": [OKP], "twice": [OKP, OKP],
            "among_others": [EC | {"kid": "k"}, OKP | {"kid": "k"}, {"kty": "oct", "k": "AAAA", "kid": "k"}],
            "for_encryption": [OKP | {"kid": "k", "use": "enc"}], "pinned_to_another": [OKP | {"kid": "k", "alg": "ES256"}]}
    for name, keys in sets.items():
        put("token", "set_" + name, "k" + json.dumps({"keys": keys}, separators=(",", ":")) +
            '\0{"alg":"EdDSA","kid":"k"}\0' + good)
    put("token", "set_without_kid", "k" + json.dumps({"keys": [OKP]}, separators=(",", ":")) + '\0{"alg":"EdDSA"}\0' + good)
    shared = good.replace("id.example", "shared.example")
    put("token", "mac", 'm{"alg":"HS256","kid":"m","typ":"at+jwt"}\0' + shared)
    put("token", "mac_no_kid", 'm{"alg":"HS256"}\0' + rich.replace("id.example", "shared.example"))
    put("token", "mac_unknown_kid", 'm{"alg":"HS256","kid":"k"}\0' + shared)
    put("token", "mac_other_alg", 'm{"alg":"HS512"}\0' + shared)
    put("token", "mac_other_issuer", 'm{"alg":"HS256"}\0' + good)
    put("token", "mac_signed_instead", 'h{"alg":"EdDSA"}\0' + shared)
    put("token", "mac_psychic", 'p{"alg":"HS256"}\0' + shared + "\0" + "\0" * 32)
    for name, member in {"typ_logout": '"typ":"logout+jwt"', "typ_none": '"typ":"none"', "cty": '"cty":"application/JWT"',
                         "cty_other": '"cty":"text/plain"', "zip": '"zip":"DEF"', "crit": '"crit":["x"],"x":1'}.items():
        put("token", "mac_" + name, 'm{"alg":"HS256",' + member + "}\0" + shared)
        put("token", "sig_" + name, 'h{"alg":"EdDSA",' + member + "}\0" + good)
    put("token", "encrypted", "a.b.c.d.e")
    put("token", "json", '{"payload":"e30","signatures":[]}')
    put("token", "dots", "..")


base64url()
json_texts()
headers()
jwks()
key_material()
token()
