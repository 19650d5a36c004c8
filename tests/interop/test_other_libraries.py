# SPDX-License-Identifier: Apache-2.0
"""Tokens and keys against implementations that nobody here wrote: what npm's jose and Debian's python3-jwt sign in every
algorithm, `latchkeyctl token verify` takes; what `latchkeyctl token sign` signs, they take; and each refuses the
broken tokens of the others."""

import base64
import json
import time

import pytest

import npm
from implementations import ASYMMETRIC, AUDIENCE, ISSUER, SYMMETRIC, Jose, Latchkey, PyJwt, key_type

HOUR_S = 3600


@pytest.fixture(scope="module")
def all_of_them(tmp_path_factory):
    ours = Latchkey(tmp_path_factory.mktemp("latchkey"))
    return {one.name: one for one in (ours, PyJwt(ours), Jose(npm.MODULES))}


@pytest.fixture(scope="module")
def keys(all_of_them):
    """(name, alg) -> the key that the implementation made, private half and public JWK; made once."""
    made = {}

    def give(name: str, alg: str):
        slot = (name, "RSA" if key_type(alg) == "RSA" and name != "latchkey" else alg)
        if slot not in made:
            made[slot] = all_of_them[name].key(alg)
        return made[slot]
    return give


PAIRS = [pytest.param(signer, verifier, marks=[npm.needed] if "jose" in (signer, verifier) else [])
         for signer, verifier in (("jose", "latchkey"), ("latchkey", "jose"), ("python3-jwt", "latchkey"),
                                  ("latchkey", "python3-jwt"))]


def good_claims(**changes) -> dict:
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "s-1", "aud": AUDIENCE, "iat": now, "exp": now + HOUR_S, "jti": "j",
              "preferred_username": "alice", "name": "Ålice \U0001f511", **changes}
    return {name: value for name, value in claims.items() if value is not None}


def encode(value) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def turned(data: bytes, index: int) -> bytes:
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1:]


@pytest.mark.parametrize("alg", ASYMMETRIC + SYMMETRIC)
@pytest.mark.parametrize("signer,verifier", PAIRS)
def test_a_token_of_the_one_is_taken_by_the_other(all_of_them, keys, signer, verifier, alg):
    private, public = keys(signer, alg)
    token = all_of_them[signer].sign(private, alg, good_claims())
    taken = all_of_them[verifier].takes(token, alg, public)
    # By its key set no host verifies HMAC, however good the token is.
    assert taken == (alg in all_of_them[verifier].verifies)


# What is wrong with a token -> how it is made of a good one (its parts), or what claims it has.
BREAKS = {
    "a bit of the signature": lambda h, p, s: f"{h}.{p}.{encode(turned(decode(s), len(decode(s)) // 2))}",
    "the first bit of the signature": lambda h, p, s: f"{h}.{p}.{encode(turned(decode(s), 0))}",
    "a signature cut by a byte": lambda h, p, s: f"{h}.{p}.{encode(decode(s)[:-1])}",
    "a signature longer by a byte": lambda h, p, s: f"{h}.{p}.{encode(decode(s) + bytes(1))}",
    "a signature of zeros": lambda h, p, s: f"{h}.{p}.{encode(bytes(len(decode(s))))}",
    "no signature": lambda h, p, s: f"{h}.{p}.",
    "another claim": lambda h, p, s: f"{h}.{encode({**json.loads(decode(p)), 'preferred_username': 'root'})}.{s}",
    "another header": lambda h, p, s: f"{encode({**json.loads(decode(h)), 'x': 1})}.{p}.{s}",
    "alg none": lambda h, p, s: f"{encode({'alg': 'none', 'typ': 'at+jwt'})}.{p}.",
    "alg none with a signature": lambda h, p, s: f"{encode({'alg': 'none', 'typ': 'at+jwt'})}.{p}.{s}",
    "no alg": lambda h, p, s: f"{encode({'typ': 'at+jwt'})}.{p}.{s}",
    "two parts": lambda h, p, s: f"{h}.{p}",
    "four parts": lambda h, p, s: f"{h}.{p}.{s}.{s}",
    "nothing": lambda h, p, s: "",
}
BAD_CLAIMS = {
    "expired": {"exp": int(time.time()) - HOUR_S},
    "not yet valid": {"nbf": int(time.time()) + HOUR_S},
    "for another audience": {"aud": "ssh://test"},
    "for an audience that begins the same": {"aud": AUDIENCE + "/x"},
    "of another issuer": {"iss": ISSUER + "/"},
    "exp is a text": {"exp": "never"},
    "no exp": {"exp": None},
}


@pytest.mark.parametrize("alg", ASYMMETRIC)
@pytest.mark.parametrize("signer,verifier", PAIRS)
def test_a_broken_token_of_the_one_is_refused_by_the_other(all_of_them, keys, signer, verifier, alg):
    private, public = keys(signer, alg)
    token = all_of_them[signer].sign(private, alg, good_claims())
    assert all_of_them[verifier].takes(token, alg, public)
    for name, broken in BREAKS.items():
        assert not all_of_them[verifier].takes(broken(*token.split(".")), alg, public), name


@pytest.mark.parametrize("signer,verifier", PAIRS)
@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_token_with_claims_that_do_not_hold_is_refused_by_the_other(all_of_them, keys, signer, verifier, name):
    private, public = keys(signer, "ES256")
    token = all_of_them[signer].sign(private, "ES256", good_claims(**BAD_CLAIMS[name]))
    assert not all_of_them[verifier].takes(token, "ES256", public)


@pytest.mark.parametrize("signer,verifier", PAIRS)
def test_a_token_by_another_key_or_another_algorithm_of_the_key_is_refused(all_of_them, keys, signer, verifier):
    one, two = all_of_them[signer], all_of_them[verifier]
    private, _ = keys(signer, "ES256")
    _, foreign = one.key("ES256")
    assert not two.takes(one.sign(private, "ES256", good_claims()), "ES256", foreign)
    private, public = keys(signer, "RS256")
    token = one.sign(private, "RS256", good_claims())
    for alg in ("RS384", "PS256"):
        assert not two.takes(token, alg, {**public, "alg": alg}), alg


@pytest.mark.parametrize("alg", SYMMETRIC)
@pytest.mark.parametrize("signer,verifier", [pair for pair in PAIRS if pair.values[1] != "latchkey"])
def test_a_broken_token_by_hmac_is_refused_by_the_other(all_of_them, keys, signer, verifier, alg):
    private, public = keys(signer, alg)
    token = all_of_them[signer].sign(private, alg, good_claims())
    for name, broken in BREAKS.items():
        assert not all_of_them[verifier].takes(broken(*token.split(".")), alg, public), name
