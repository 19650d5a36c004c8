# SPDX-License-Identifier: Apache-2.0
"""Conversations with a running latchkeyd, in a box: beside the same frames between two empty programs (PERFORMANCE section 8,
G3), and beside one source that floods with wrong signatures (G11). Medians of alternated rounds are printed; nothing is
asserted but that every login went well.

    bench/run load
"""

import base64
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from box import files, host as host_module  # noqa: E402

SECONDS = os.environ.get("LATCHKEY_BENCH_LOAD_SECONDS", "1")
ROUNDS = os.environ.get("LATCHKEY_BENCH_LOAD_ROUNDS", "7")
COLD = "remembered_tokens: 0\n"


def spoiled(token: str) -> str:
    """The token with another signature of the same form."""
    at = len(token) - 20
    return token[:at] + ("B" if token[at] == "A" else "A") + token[at + 1:]


def mac_of_61_kb() -> str:
    """An HMAC that is wrong, over as much as a token can hold: no signature to speak of, and many bytes."""
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return f'{part("""{"alg":"HS256"}""")}.{part(json.dumps({"x": "x" * 45_000}))}.{"A" * 43}'


def token_file(folder: str, name: str, token: str) -> str:
    path = f"{folder}/{name}"
    files.write(path, token + "\n", 0o600)
    return path


def main() -> int:
    folder, build = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    host_module.install(build)
    host = host_module.Host(build, folder)

    def load(*arguments: str) -> None:
        subprocess.run([f"{build}/bench/latchkey_load", "--socket", host.sockets["pam"].path, "--user", "alice",
                        "--server-pid", str(host.latchkeyd.pid), "--seconds", SECONDS, "--rounds", ROUNDS, *arguments],
                       check=True)

    try:
        host.reset()
        quiet_log = host.config().replace("log_level: debug", "log_level: warning")
        good = token_file(folder, "good", host.provider.token("alice", ["corp-developers"], size=1543))
        floods = {algorithm: token_file(folder, algorithm, spoiled(host.provider.token("alice", ["corp-developers"],
                                                                                     algorithm=algorithm)))
                  for algorithm in ("ES384", "RS256")}
        floods["HS256"] = token_file(folder, "HS256", mac_of_61_kb())
        floods["junk"] = token_file(folder, "junk", "a" * 65_536)
        for name, more in (("remembered", ""), ("verified each time", COLD)):
            host.configure(quiet_log + more)
            host.reload()
            print(f"\na token of 1543 bytes, {name}, one client, over the same frames between empty programs", flush=True)
            load("--token-file", good, "--null")
            for algorithm, path in floods.items():
                print(f"\nthe same, beside one source with 8 clients and wrong signatures: {algorithm}", flush=True)
                load("--token-file", good, "--flood-token-file", path)
    finally:
        host.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
