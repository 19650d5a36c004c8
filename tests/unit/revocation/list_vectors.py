#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test vectors of docs/REVOCATION-LIST.md, made from the text of that page alone.

  list_vectors.py           prints the section "Test vectors"
  list_vectors.py --check   fails where the page says something else

It shares no code with Latchkey, so that it is a second implementation of the digests, the chunks and the manifest. The
key is the one of RFC 8037, appendix A: Ed25519 signs the same bytes alike each time.
"""

import base64
import hashlib
import json
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "REVOCATION-LIST.md"
HEADLINE = "## Test vectors\n"
PRIVATE = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
PROVIDER = "https://id.example.com/realms/corp"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def named(kind: str, issuer: str, value: str) -> bytes:
    letter = {"token": b"t", "session": b"s", "subject": b"p", "user": b"u"}[kind]
    who = b"" if kind == "user" else hashlib.sha256(issuer.encode()).digest()[:16]
    return hashlib.sha256(letter + who + value.encode()).digest()[:16]


def compact(value: dict) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def chunk(kind: str, records: list[bytes], op: str = "add", **more: object) -> tuple[dict, bytes]:
    body = b"".join(sorted(records))
    digest = hashlib.sha256(body).hexdigest()
    return {"sha256": digest, "size": len(body), "kind": kind, "op": op, "entries": len(records)} | more, body


def vectors() -> str:
    token_text = "eyJhbGciOiJub25lIn0.e30."
    thumbprint = b64(hashlib.sha256(compact({"crv": "Ed25519", "kty": "OKP", "x": PUBLIC})).digest())
    first = named("token", PROVIDER, "5a0f2c9e-6a0b-4a53-9a3c-3f2f1c0d9b11")
    second = named("token", PROVIDER, "Zürich")
    subject = named("subject", PROVIDER, "248289761001")
    lines = [
        ("token", PROVIDER, "5a0f2c9e-6a0b-4a53-9a3c-3f2f1c0d9b11", first),
        ("token", PROVIDER, "Zürich", second),
        ("token", PROVIDER + "Z", "ürich", named("token", PROVIDER + "Z", "ürich")),
        ("token_hash", "", token_text, hashlib.sha256(token_text.encode()).digest()[:16]),
        ("session", PROVIDER, "08a5019c-17e1-4977-8f42-65a12843ea02",
         named("session", PROVIDER, "08a5019c-17e1-4977-8f42-65a12843ea02")),
        ("subject", PROVIDER, "248289761001", subject),
        ("key", "", thumbprint, unb64(thumbprint)[:16]),
        ("user", "", "alice", named("user", "", "alice")),
    ]
    out = ["Made by `tests/unit/revocation/list_vectors.py`, which shares no code with Latchkey. Hexadecimal unless told.", ""]
    out += ["| kind | issuer | value | digest |", "| --- | --- | --- | --- |"]
    out += [f"| {kind} | {f'`{issuer}`' if issuer else '–'} | `{value}` | `{digest.hex()}` |"
            for kind, issuer, value, digest in lines]

    tokens, token_body = chunk("token", [first, second], end=1767225600)
    subjects, subject_body = chunk("subject", [subject + struct.pack("<q", 1764331200000)])
    why = b"laptop 17 stolen"
    reasons, reasons_body = chunk("reasons", [b"\x00" + first + bytes([len(why)]) + why])
    removed, removed_body = chunk("token", [second], op="remove")
    out += ["", "The two tokens in one chunk, the subject for tokens issued before 2025-11-28T12:00:00Z, why the first token was revoked, and the removal of the second:", "", "```"]
    for each, body in ((tokens, token_body), (subjects, subject_body), (reasons, reasons_body), (removed, removed_body)):
        out += [f"chunks/{each['sha256']}.bin", body.hex()]
    out += ["```", "", "A manifest that takes a reader with nothing to version 7, and one at version 7 on to 8. The key that signs (RFC 8037,",
            "appendix A; its public half is what a reader is configured with), the payload as it is signed, and the whole:", "", "```"]
    header = {"alg": "EdDSA", "typ": "latchkey-revocations+jwt", "kid": thumbprint}
    payload = {"iss": "https://lists.example.com/corp", "format": 1, "iat": 1764331260, "version": 8, "max_age": 3600,
               "steps": [{"from": 0, "to": 7, "chunks": [tokens, subjects, reasons]},
                         {"from": 7, "to": 8, "chunks": [removed]}]}
    out += [compact({"kty": "OKP", "crv": "Ed25519", "d": PRIVATE, "x": PUBLIC}).decode(), compact(payload).decode()]
    signing_input = f"{b64(compact(header))}.{b64(compact(payload))}"
    signature = Ed25519PrivateKey.from_private_bytes(unb64(PRIVATE)).sign(signing_input.encode())
    out += [f"{signing_input}.{b64(signature)}", "```"]
    return "\n".join(out) + "\n"


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
