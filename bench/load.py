# SPDX-License-Identifier: Apache-2.0
"""Conversations with a running latchkeyd, in a box: beside the same frames between two empty programs (PERFORMANCE section 8,
G3), beside one source that floods with wrong signatures (G11), and with 1 and 50 issuers configured; and what both daemons
hold in memory while nothing happens. Medians of alternated rounds are printed; nothing is asserted but that every login
went well.

    bench/run load
"""

import base64
import json
import os
import pathlib
import re
import statistics
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


_SUBJECT = re.compile(r"^subject .* cpu +([0-9.]+) us +p50 +([0-9.]+) us", re.M)
OTHERS = "/etc/latchkey/others.json"


def with_issuers(host, count: int, more: str) -> str:
    """The host's configuration with so many issuers; those besides its own have their keys in a file."""
    files.write(OTHERS, json.dumps({"keys": host.provider.jwks()}))
    others = "".join(f"""  - name: other{number}
    issuer: https://other{number}.example
    audiences: [ "ssh://box" ]
    jwks_file: {OTHERS}
""" for number in range(1, count))
    text = host.config().replace("log_level: debug", "log_level: warning")
    return text.replace("access:\n", others + "access:\n", 1) + more


def resident_kb(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", files.read(f"/proc/{pid}/status")).group(1))


def compare_issuers(host, run, counts=(1, 50)) -> None:
    """The same login with few and many issuers; a round of each in turn."""
    for name, more in (("remembered", ""), ("verified each time", COLD)):
        seen = {count: [] for count in counts}
        for _ in range(int(ROUNDS)):
            for count in counts:
                host.configure(with_issuers(host, count, more))
                host.reload()
                cpu, p50 = _SUBJECT.search(run()).groups()
                seen[count].append((float(cpu), float(p50)))
        print(f"\nthe same token, {name}, by the number of issuers", flush=True)
        medians = {count: [statistics.median(column) for column in zip(*rows)] for count, rows in seen.items()}
        for count, (cpu, p50) in medians.items():
            print(f"{count:3} issuers   cpu {cpu:7.1f} us   p50 {p50:7.1f} us")
        few, many = (medians[count] for count in counts)
        print(f"ratio         cpu {many[0] / few[0]:7.3f}      p50 {many[1] / few[1]:7.3f}", flush=True)


def print_idle_memory(host) -> None:
    for count in (1, 50):
        host.halt()
        host.configure(with_issuers(host, count, ""))
        host.start()
        host.status()  # the keys are there, or would be asked for
        print(f"\nidle, {count} issuers: latchkeyd {resident_kb(host.latchkeyd.pid)} kB, latchkey-fetchd "
              f"{resident_kb(host.fetchd.pid)} kB resident", flush=True)


def main() -> int:
    folder, build = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    host_module.install(build)
    host = host_module.Host(build, folder)

    def load(*arguments: str) -> None:
        subprocess.run([f"{build}/bench/latchkey_load", "--socket", host.sockets["pam"].path, "--user", "alice",
                        "--server-pid", str(host.latchkeyd.pid), "--seconds", SECONDS, "--rounds", ROUNDS, *arguments],
                       check=True)

    def one_round() -> str:
        return subprocess.run([f"{build}/bench/latchkey_load", "--socket", host.sockets["pam"].path, "--user", "alice",
                               "--server-pid", str(host.latchkeyd.pid), "--seconds", SECONDS, "--rounds", "1",
                               "--token-file", good], check=True, capture_output=True, text=True).stdout

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
        compare_issuers(host, one_round)
        print_idle_memory(host)
    finally:
        host.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
