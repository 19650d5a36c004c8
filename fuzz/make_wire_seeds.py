#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of the wire's fuzzers, from docs/PROTOCOL.md and without our codec: make_wire_seeds.py

Writes seeds/frames_to_module, seeds/frames_to_daemon and seeds/parts beside itself. Files that it does not make (inputs that
found a bug) are left alone.
"""

import pathlib
import struct

SEEDS = pathlib.Path(__file__).resolve().parent / "seeds"
LOGIN = b"0123456789abcdef0123456789abcdef"


def frame(kind, body, magic=b"LCK1", version=1, reserved=0, length=None):
    return magic + struct.pack("<HBBI", version, kind, reserved, len(body) if length is None else length) + body


def string(text):
    return struct.pack("<H", len(text)) + text


def begin(operation=1, flags=0, strings=(b"sshd", b"alice", b"", b"192.0.2.7", b"ssh", b"", b"")):
    return frame(1, struct.pack("<B3xIii", operation, flags, 4711, 1) + b"".join(map(string, strings)))


def said(kind, style, text):
    return frame(kind, struct.pack("<B3x", style) + string(text))


def verdict(result, text=b"", environment=(), groups=(), request=b"00c0ffee"):
    body = struct.pack("<B3x", result) + request + string(text)
    body += bytes([len(environment)]) + b"".join(map(string, environment))
    return frame(18, body + bytes([len(groups)]) + b"".join(struct.pack("<I", group) for group in groups))


TO_DAEMON = {
    "begin-authenticate": begin(),
    "begin-setcred-sudo": begin(3, 0x8002, (b"sudo", b"root", b"alice", b"", b"/dev/pts/3", b"c2", LOGIN)),
    "begin-largest": begin(5, 0xFFFFFFFF, (b"s" * 64, b"u" * 256, b"r" * 256, b"h" * 256, b"t" * 128, b"x" * 64, LOGIN)),
    "begin-user-too-long": begin(strings=(b"sshd", b"u" * 257, b"", b"", b"", b"", b"")),
    "begin-login-no-hex": begin(strings=(b"sshd", b"alice", b"", b"", b"", b"", b"g" * 32)),
    "begin-nul-in-user": begin(strings=(b"sshd", b"al\0ce", b"", b"", b"", b"", b"")),
    "begin-operation-6": begin(6),
    "begin-trailing": frame(1, begin()[12:] + b"\0"),
    "answer": frame(2, b"eyJhbGciOiJFUzI1NiJ9.e30.AA"),
    "answer-empty": frame(2, b""),
    "answer-part": frame(2, b"lk1.1.2.0123456789abcdef.eyJ"),
    "answer-nul": frame(2, b"a\0b"),
    "no-answer-failed": frame(3, struct.pack("<B3x", 1)),
    "no-answer-too-long": frame(3, struct.pack("<B3x", 2)),
    "no-answer-reserved": frame(3, b"\1\0\1\0"),
    "header-alone": frame(2, b"")[:11],
    "wrong-magic": frame(2, b"x", magic=b"LCK2"),
    "wrong-version": frame(2, b"x", version=2),
    "wrong-length": frame(2, b"x", length=2),
    "length-of-4-gib": frame(2, b"x", length=0xFFFFFFFF),
}

TO_MODULE = {
    "ask": said(16, 0, b"Token [latchkey/1 1/? 1000]: "),
    "ask-echo": said(16, 1, b"Press Enter: "),
    "ask-echo-2": said(16, 2, b"x"),
    "tell": said(17, 0, "Open https://id.example.com and enter ABCD\n\u2588\u2588".encode()),
    "tell-controls": said(17, 1, b"\x1b[31m\x07\xc2\x9b1m\x7f\t\n"),
    "tell-c1-around-a-control": said(17, 0, b"\xc2\x1f\x9b1m\xc2\xc2\x9b\x9b"),  # found by the fuzzer
    "tell-cut-c2": said(17, 0, b"x\xc2"),
    "tell-longest": said(17, 0, b"t" * 4096),
    "tell-too-long": said(17, 0, b"t" * 4097),
    "allow": verdict(1, b"Welcome", [b"LATCHKEY_LOGIN=" + LOGIN]),
    "allow-groups": verdict(1, b"", (), (27, 1000, 4000000000)),
    "allow-largest": verdict(1, b"t" * 4096, [b"LATCHKEY_A=" + b"v" * 245] * 8, [27] * 64),
    "allow-foreign-variable": verdict(1, b"", [b"LD_PRELOAD=/tmp/x.so"]),
    "allow-group-none": verdict(1, b"", (), (0xFFFFFFFF,)),
    "refused": verdict(2, b"The token has expired (token_expired, request 00c0ffee)"),
    "refused-with-groups": verdict(2, b"", (), (27,)),
    "user-unknown": verdict(3),
    "unavailable": verdict(4, b"Try again later (keys_missing, request 00c0ffee)"),
    "not-managed": verdict(5),
    "conversation": verdict(6),
    "result-7": verdict(7),
    "request-id-no-hex": verdict(2, request=b"00C0FFEE"),
    "count-over-the-end": frame(18, struct.pack("<B3x", 1) + b"00c0ffee" + string(b"") + b"\1\0"),
    "cut": verdict(1)[:-1],
}

PARTS = {
    "marker-first": b"[latchkey/1 1/? 1000]: ",
    "marker-sudo": b"Token [latchkey/1 2/7 500]: ",
    "marker-ssh": b"(alice@host) Sign in\nToken [latchkey/1 160/160 1000]: ",
    "marker-twice": b"[latchkey/1 1/? 1000]: [latchkey/1 2/3 500]: ",
    "marker-leading-zero": b"[latchkey/1 01/3 500]: ",
    "marker-wraps": b"[latchkey/1 4294967297/4294967297 18446744073709551617]: ",
    "marker-not-at-the-end": b"[latchkey/1 2/3 500]: x",
    "part": b"lk1.2.13.0123456789abcdef.eyJhbGciOiJFUzI1NiJ9.e30",
    "part-no-data": b"lk1.1.1.0123456789abcdef.",
    "part-behind-the-last": b"lk1.2.1.0123456789abcdef.x",
    "part-wraps": b"lk1.4294967297.4294967298.0123456789abcdef.x",
    "part-digest-short": b"lk1.1.1.0123456789abcde.x",
    "token": b"eyJhbGciOiJFUzI1NiJ9.e30.AA",
    "split-500": struct.pack(">H", 500) + b"token." * 400,
    "split-30": struct.pack(">H", 30) + b"x" * 160,
    "split-30-too-many": struct.pack(">H", 30) + b"x" * 161,
    "split-29": struct.pack(">H", 29) + b"x",
}


def main():
    for folder, seeds in (("frames_to_daemon", TO_DAEMON), ("frames_to_module", TO_MODULE), ("parts", PARTS)):
        (SEEDS / folder).mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (SEEDS / folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
