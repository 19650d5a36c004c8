#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test vectors of docs/REVOCATION-STREAM.md, made from the text of that page alone.

  stream_vectors.py           prints the section "Test vectors"
  stream_vectors.py --check   fails where the page says something else

Digests and key are those of list_vectors.py, the second implementation of the list.
"""

import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from list_vectors import HEADLINE, PRIVATE, PROVIDER, PUBLIC, b64, compact, named, unb64

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "REVOCATION-STREAM.md"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
STREAM = "https://fleet.example.com/revocations"


def signed(payload: dict) -> str:
    header = {"alg": "EdDSA", "typ": "latchkey-revocation+jwt", "kid": THUMBPRINT}
    signing_input = f"{b64(compact(header))}.{b64(compact(payload))}"
    return f"{signing_input}.{b64(Ed25519PrivateKey.from_private_bytes(unb64(PRIVATE)).sign(signing_input.encode()))}"


def vectors() -> str:
    out = ["Made by `tests/unit/revocation/stream_vectors.py`, which shares no code with Latchkey. The key is that of the list's vectors",
           f"(`{PUBLIC}`). An item that revokes a token, and a subject for tokens issued before 2025-11-28T12:00:00Z, and a beat",
           "behind it; the payload as it is signed, and the whole:", "", "```"]
    entries = [{"kind": "token", "digest": named("token", PROVIDER, "5a0f2c9e-6a0b-4a53-9a3c-3f2f1c0d9b11").hex(),
                "end": 1767225600, "reason": "laptop 17 stolen"},
               {"kind": "subject", "digest": named("subject", PROVIDER, "248289761001").hex(), "before": 1764331200000}]
    item = {"iss": STREAM, "format": 1, "iat": 1764331260, "seq": 1764331260000000, "prev": 0, "entries": entries}
    beat = {"iss": STREAM, "format": 1, "iat": 1764331290, "seq": 1764331290000000, "prev": 1764331260000000, "entries": [],
            "seen": {THUMBPRINT: 1764331260000000}, "max_age": 120}
    for payload in (item, beat):
        out += [compact(payload).decode(), signed(payload)]
    return "\n".join(out + ["```"]) + "\n"


def main() -> int:
    if sys.argv[1:] != ["--check"]:
        print(vectors(), end="")
        return 0
    written = PAGE.read_text(encoding="utf-8").partition(HEADLINE)[2].strip()
    if written == vectors().strip():
        return 0
    print(f"{PAGE}: the test vectors are not those that this script makes", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
