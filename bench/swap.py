# SPDX-License-Identifier: Apache-2.0
"""Logins while a large revocation list is checked, built and swapped, over the same logins in quiet (PERFORMANCE section 8),
in a box: latchkeyd, latchkey-fetchd, a real nginx. Rounds are alternated and medians printed; nothing is asserted but that
every login went well and every list came to work.

    bench/run swap
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from box import files, host as host_module, lists  # noqa: E402

ENTRIES = int(os.environ.get("LATCHKEY_BENCH_SWAP_ENTRIES", "1000000"))
ROUNDS = int(os.environ.get("LATCHKEY_BENCH_SWAP_ROUNDS", "5"))
SECONDS = os.environ.get("LATCHKEY_BENCH_SWAP_SECONDS", "4")
SWAPS = 2  # a round
KEYS = ("good", "other")

_FIGURES = re.compile(r"^subject +([0-9.]+) /s +cpu +([0-9.]+) us +p50 +([0-9.]+) us +p99 +([0-9.]+) us", re.M)


def source(host) -> dict:
    return next(each for each in host.status()["revocation_sources"] if each["name"] == "fleet")


def memory_kb(pid: int) -> tuple[int, int]:
    text = files.read(f"/proc/{pid}/status")
    return tuple(int(re.search(rf"{name}:\s+(\d+)", text).group(1)) for name in ("VmRSS", "VmHWM"))


def forget_peak(pid: int) -> None:
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:  # renamed into place is nothing there
        file.write("5\n")


def manifests(server) -> list[bytes]:
    """The list, signed so many times by two keys in turn: whoever comes to another key's begins all of it anew, beside the set at
    work, which serves until the new one is whole (a change alone would cost what has changed, and that is little)."""
    text = server.folder / "text.jsonl"
    with open(text, "w", encoding="utf-8") as file:
        for number in range(ENTRIES):
            file.write(f'{{"kind":"token","issuer":"https://id.example","value":"token-{number}"}}\n')
    server.build_from(text)
    made = []
    count = ROUNDS * SWAPS + 1
    first = int(time.time()) - count
    for number in range(count):
        server.sign(key=KEYS[number % len(KEYS)], now=str(first + number))
        made.append((server.www / "manifest.jwt").read_bytes())
    return made


def take_up(host, server, manifest: bytes, before: str | None = None) -> float:
    """How long it took from the order to take that manifest until it was at work, in the place of the one signed `before`."""
    (server.www / "manifest.jwt").write_bytes(manifest)
    section = server.section("      absent_refuses: []\n", keys=KEYS)
    started = time.monotonic()
    host.configure(host.config().replace("log_level: debug", "log_level: warning") + section)
    host.reload()
    while (status := source(host))["state"] != "fresh" or status["issued_at"] == before:
        if before and status["state"] == "absent":
            raise RuntimeError(f"the set before is gone, and the next one is not there: {status}")
        if time.monotonic() - started > 120:
            raise RuntimeError(f"the list does not come: {status}")
        time.sleep(0.05)  # the tool that asks would be the load
    return time.monotonic() - started


def main() -> int:
    folder, build = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    host_module.install(build)
    host = host_module.Host(build, folder)
    server = lists.Server()
    try:
        made = manifests(server)
        host.reset()
        files.write(f"{folder}/good", host.provider.token("alice", ["corp-developers"], size=1543) + "\n", 0o600)
        command = [f"{build}/bench/latchkey_load", "--socket", host.sockets["pam"].path, "--user", "alice", "--server-pid",
                   str(host.latchkeyd.pid), "--seconds", SECONDS, "--rounds", "1", "--token-file", f"{folder}/good"]
        print(f"{ENTRIES} entries: fetched and at work after {take_up(host, server, made[0]):.2f} s", flush=True)
        seen = {"quiet": [], "swapped": []}
        took = []
        peaks = []
        number = 0
        for _ in range(ROUNDS):
            for name in seen:
                load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
                for _ in range(SWAPS if name == "swapped" else 0):
                    number += 1
                    status, resident = source(host), memory_kb(host.latchkeyd.pid)[0]
                    forget_peak(host.latchkeyd.pid)
                    took.append(take_up(host, server, made[number], status["issued_at"]))
                    peaks.append(1 + (memory_kb(host.latchkeyd.pid)[1] - resident) * 1024 / status["bytes"])
                out = load.communicate()[0]
                if load.returncode != 0:
                    raise RuntimeError(out)
                seen[name].append([float(each) for each in _FIGURES.search(out).groups()])
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in seen.items()}
        for name, (rate, cpu, p50, p99) in medians.items():
            print(f"{name:8} {rate:10.0f} /s   cpu {cpu:7.1f} us   p50 {p50:8.1f} us   p99 {p99:8.1f} us")
        quiet, swapped = medians["quiet"], medians["swapped"]
        print(f"ratio    {swapped[0] / quiet[0]:10.2f}      cpu {swapped[1] / quiet[1]:7.2f}      p50 {swapped[2] / quiet[2]:8.2f}      "
              f"p99 {swapped[3] / quiet[3]:8.2f} (aim: 1.5)")
        now, most = memory_kb(host.latchkeyd.pid)
        print(f"a swap takes {statistics.median(took):.2f} s with reload, check and build; latchkeyd {now} kB resident, {most} kB at "
              f"most; the set {source(host)['bytes'] / 1e6:.1f} MB")
        print(f"most memory in a swap {max(peaks):.2f} sets, median {statistics.median(peaks):.2f} (floor: 2, the old one and the new "
              f"one; aim: 2.1)")
    finally:
        server.close()
        host.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
