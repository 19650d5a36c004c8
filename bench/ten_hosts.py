# SPDX-License-Identifier: Apache-2.0
"""How long a fleet's hosts go on letting in what was revoked: ten of them in a box, each with latchkeyd, latchkey-fetchd and a
state folder of its own, on one real Redis and one real nginx. Rounds are repeated, and the times of all hosts printed as a
histogram; nothing is asserted but that every host comes to refuse, with the right reason, and lets somebody else in.

A host is asked again and again over its pam.sock, one host after the other, so a time is late by up to one turn, which is
printed. All of them share these processors; on a fleet each has its own.

    bench/run hosts
"""

import contextlib
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from box import fleet, forge, host as host_module, lists, redis  # noqa: E402

HOSTS = int(os.environ.get("LATCHKEY_BENCH_HOSTS", "10"))
ROUNDS = int(os.environ.get("LATCHKEY_BENCH_HOSTS_ROUNDS", "20"))
POLLS = int(os.environ.get("LATCHKEY_BENCH_HOSTS_POLLS", "4"))
MAX_AGE_S = 60
GROUPS = ["corp-developers"]
_BAR = 50
_DEADLINE_S = 120


def share(times: list[float], part: float) -> float:
    return sorted(times)[min(int(part * len(times)), len(times) - 1)]


def histogram(times_s: list[float], unit_s: float, unit: str) -> None:
    """Ten steps from 0 to the greatest, each of a round width."""
    width = max(times_s) / 10
    power = 10 ** (len(str(int(width / unit_s))) - 1) * unit_s
    width = max(unit_s, -(-width // power) * power)
    counts: dict[int, int] = {}
    for each in times_s:
        counts[int(each / width)] = counts.get(int(each / width), 0) + 1
    for step in range(max(counts) + 1):
        number = counts.get(step, 0)
        bar = "#" * round(number / max(counts.values()) * _BAR)
        print(f"  {step * width / unit_s:8.0f} to {(step + 1) * width / unit_s:6.0f} {unit} {number:5}  {bar}")


def report(what: str, rounds: list[list[float]], unit_s: float, unit: str, late_s: list[float]) -> None:
    every = [each for times in rounds for each in times]
    last = [max(times) for times in rounds]
    print(f"\n{what}: {len(rounds)} rounds, {len(every)} hosts")
    histogram(every, unit_s, unit)
    of = lambda times, part: f"{share(times, part) / unit_s:.0f}"
    print(f"  each host    p50 {of(every, 0.5)}  p90 {of(every, 0.9)}  p99 {of(every, 0.99)}  last {of(every, 1)} {unit}")
    print(f"  last of {HOSTS}   p50 {of(last, 0.5)}  p90 {of(last, 0.9)}  worst {of(last, 1)} {unit}")
    print(f"  a turn of asking took up to {max(late_s) * 1000:.0f} ms, median {statistics.median(late_s) * 1000:.0f} ms", flush=True)


class Bench:
    def __init__(self, host, server, stream, hosts) -> None:
        self.host, self.server, self.stream, self.hosts = host, server, stream, hosts
        self.other = host.provider.token("bob", GROUPS)
        self.listed = [{"kind": "user", "value": "mallory"}]
        self.late_s: list[float] = []

    def round(self, act) -> tuple[list[float], float]:
        """How long after the beginning of `act` each host refused; and how long `act` itself took."""
        token = self.host.provider.token("alice", GROUPS)
        for each in self.hosts.hosts:
            if each.knock(token) != ("allow", ""):
                raise RuntimeError("a good token is refused")
        watch = fleet.Watch(self.hosts, token)
        began = time.monotonic()
        act(token)
        took = time.monotonic() - began
        times = [at - began for at in watch.all_refused(_DEADLINE_S)]
        self.late_s.append(watch.round_s)
        for each in self.hosts.hosts:
            if each.knock(self.other, "bob") != ("allow", ""):
                raise RuntimeError("another user is refused")
        return times, took

    def repeat(self, count: int, act) -> tuple[list[list[float]], float]:
        self.late_s = []
        rounds = [self.round(act) for _ in range(count)]
        return [times for times, _ in rounds], statistics.median(took for _, took in rounds)

    def by_stream(self, token: str) -> None:
        self.host.ctl("revoke", "--fleet", "--jti", forge.claims_of(token)["jti"], "--issuer", "corp", *self.stream.writer())

    def by_list(self, token: str) -> None:
        self.listed.append(lists.token_id(token))
        self.server.publish(self.listed, max_age=f"{MAX_AGE_S}s")

    def by_list_and_reload(self, token: str) -> None:
        self.by_list(token)
        for each in self.hosts.hosts:
            each.control.call("Reload")


def main() -> int:
    folder, build = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    host_module.install(build)
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(contextlib.closing(host_module.Host(build, folder)))
        server = stack.enter_context(contextlib.closing(lists.Server()))
        stream = stack.enter_context(contextlib.closing(redis.Redis()))
        host.reset()
        host.halt()  # the fleet has the box to itself
        server.publish([{"kind": "user", "value": "mallory"}], max_age=f"{MAX_AGE_S}s")
        text = host.config().replace("log_level: debug", "log_level: warning")
        host.configure(text + server.section() + stream.section().removeprefix("revocation:\n"))
        host.ctl("beat", "--max-age", "1h", *stream.writer("timer"))
        started = time.monotonic()
        hosts = stack.enter_context(contextlib.closing(fleet.Fleet(f"{folder}/fleet", HOSTS)))
        for name in ("fleet", "now"):
            hosts.become(name, lambda state: state["state"] == "fresh", name)
        print(f"{HOSTS} hosts ready, list and stream fresh on each, after {time.monotonic() - started:.1f} s", flush=True)
        bench = Bench(host, server, stream, hosts)
        rounds, took = bench.repeat(ROUNDS, bench.by_stream)
        report("stream: from the start of `latchkeyctl revoke --fleet` to a host's first refusal", rounds, 0.001, "ms", bench.late_s)
        print(f"  of it the command itself, signing and writing: median {took * 1000:.0f} ms", flush=True)
        rounds, took = bench.repeat(ROUNDS, bench.by_list_and_reload)
        report("list: from the start of `list build` to a host's first refusal, each host told to look (reload)", rounds, 0.001, "ms",
               bench.late_s)
        print(f"  of it build, sign and reload of {HOSTS}: median {took * 1000:.0f} ms", flush=True)
        rounds, _ = bench.repeat(POLLS, bench.by_list)
        report(f"list: the same, nobody told, max_age {MAX_AGE_S} s, so asked for every {MAX_AGE_S / 4:.0f} s at most", rounds, 1.0, "s",
               bench.late_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
