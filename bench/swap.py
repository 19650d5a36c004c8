# SPDX-License-Identifier: Apache-2.0
"""Logins while a large revocation list is fetched, built and swapped, over the same logins in quiet (PERFORMANCE section 8),
in a box: latchkeyd, latchkey-fetchd, a real nginx. Rounds are alternated and medians printed; nothing is asserted but that
every login went well and every version came to work.

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

_FIGURES = re.compile(r"^subject +([0-9.]+) /s +cpu +([0-9.]+) us +p50 +([0-9.]+) us +p99 +([0-9.]+) us", re.M)


def source(host) -> dict:
    return next(each for each in host.status()["revocation_sources"] if each["name"] == "fleet")


def memory_kb(pid: int) -> tuple[int, int]:
    text = files.read(f"/proc/{pid}/status")
    return tuple(int(re.search(rf"{name}:\s+(\d+)", text).group(1)) for name in ("VmRSS", "VmHWM"))


def versions(server) -> list:
    """So many lists of one more entry each, all of it new to a reader, and a first one."""
    text = server.folder / "text.jsonl"
    with open(text, "w", encoding="utf-8") as file:
        for number in range(ENTRIES):
            file.write(f'{{"kind":"token","issuer":"https://id.example","value":"token-{number}"}}\n')
    made = []
    for number in range(ROUNDS * SWAPS + 1):
        with open(text, "a", encoding="utf-8") as file:
            file.write(f'{{"kind":"token","issuer":"https://id.example","value":"more-{number}"}}\n')
        server._ctl("list", "build", "--full", "--from", str(text), str(server.www))
        server.sign()
        made.append(server.copy())
    return made


def take_up(host, server, version: int) -> float:
    """How long it took from the order to ask until the version was at work."""
    started = time.monotonic()
    host.configure(host.config().replace("log_level: debug", "log_level: warning") + server.section())
    host.reload()
    while (status := source(host)).get("version") != version:
        if time.monotonic() - started > 120:
            raise RuntimeError(f"version {version} does not come: {status}")
        time.sleep(0.05)  # the tool that asks would be the load
    return time.monotonic() - started


def main() -> int:
    folder, build = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    host_module.install(build)
    host = host_module.Host(build, folder)
    server = lists.Server()
    try:
        made = versions(server)
        host.reset()
        files.write(f"{folder}/good", host.provider.token("alice", ["corp-developers"], size=1543) + "\n", 0o600)
        command = [f"{build}/bench/latchkey_load", "--socket", host.sockets["pam"].path, "--user", "alice", "--server-pid",
                   str(host.latchkeyd.pid), "--seconds", SECONDS, "--rounds", "1", "--token-file", f"{folder}/good"]
        server.again(made[0])
        print(f"{ENTRIES} entries: the first one is at work after {take_up(host, server, 1):.2f} s", flush=True)
        seen = {"quiet": [], "swapped": []}
        took = []
        version = 1
        for _ in range(ROUNDS):
            for name in seen:
                load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
                for _ in range(SWAPS if name == "swapped" else 0):
                    server.again(made[version])
                    version += 1
                    took.append(take_up(host, server, version))
                out = load.communicate()[0]
                if load.returncode != 0:
                    raise RuntimeError(out)
                seen[name].append([float(each) for each in _FIGURES.search(out).groups()])
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in seen.items()}
        for name, (rate, cpu, p50, p99) in medians.items():
            print(f"{name:8} {rate:10.0f} /s   cpu {cpu:7.1f} us   p50 {p50:8.1f} us   p99 {p99:8.1f} us")
        quiet, swapped = medians["quiet"], medians["swapped"]
        print(f"ratio    {swapped[0] / quiet[0]:10.2f}      cpu {swapped[1] / quiet[1]:7.2f}      p50 {swapped[2] / quiet[2]:8.2f}      "
              f"p99 {swapped[3] / quiet[3]:8.2f}")
        now, most = memory_kb(host.latchkeyd.pid)
        print(f"a swap takes {statistics.median(took):.2f} s with reload, fetch and build; latchkeyd {now} kB resident, {most} kB at "
              f"most; the set {source(host)['bytes'] / 1e6:.1f} MB")
    finally:
        server.close()
        host.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
