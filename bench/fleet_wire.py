# SPDX-License-Identifier: Apache-2.0
"""What a fleet costs those in its middle, for docs/SCALE.md: the bytes on the wire of one host's asking for a list, of a change
of it and of an item of the stream, as the loopback of a box counts them (IP and TCP headers in both directions, TLS and all);
and the processor time of Redis for one item, by the number of its readers.

    bench/run hosts
"""

import contextlib
import json
import os
import pathlib
import select
import socket
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from box import files, fleet, forge, host as host_module, lists, redis  # noqa: E402

READERS = (200, 800)
ITEMS = 20
GROUPS = ["corp-developers"]
MALLORY = {"kind": "user", "value": "mallory"}


def wire_bytes() -> int:
    """Sent on the loopback so far; what is sent is also received."""
    line = next(line for line in files.read("/proc/net/dev").splitlines() if line.strip().startswith("lo:"))
    return int(line.split()[9])


def quiet() -> int:
    """The count once nothing more is added: the last acknowledgements have come."""
    seen = wire_bytes()
    while True:
        time.sleep(0.3)
        if (now := wire_bytes()) == seen:
            return now
        seen = now


class Bench:
    def __init__(self, host, server, stream, one) -> None:
        self.host, self.server, self.stream, self.one = host, server, stream, one

    def cost(self, act, done) -> int:
        before = quiet()
        act()
        done()
        return quiet() - before

    def asked(self, status: str) -> int:
        return sum(line.startswith(status) for line in self.server.requests())

    def unchanged(self) -> int:
        before = self.asked("304 /manifest")

        def answered() -> None:
            while self.asked("304 /manifest") == before:
                pass
        return self.cost(lambda: self.one.control.call("Reload"), answered)

    def changed(self, entries: list[dict]) -> int:
        version = self.one.control.source("fleet")["version"] + 1
        self.server.publish(entries)
        return self.cost(lambda: self.one.control.call("Reload"),
                         lambda: self.one.control.becomes("fleet", lambda state: state["version"] == version, "the change"))

    def item(self) -> tuple[int, int]:
        """Both of the writer and of the reader, and the item's own bytes."""
        there = self.one.control.source("now")["delta_entries"]
        token = self.host.provider.token("alice", GROUPS)
        both = self.cost(lambda: self.host.ctl("revoke", "--fleet", "--jti", forge.claims_of(token)["jti"], "--issuer", "corp",
                                               *self.stream.writer()),
                         lambda: self.one.control.becomes("now", lambda state: state["delta_entries"] > there, "the item"))
        item = self.stream.admin("XREVRANGE", redis.KEY, "+", "-", "COUNT", "1").splitlines()[-1]
        return both, len(item)


class Readers:
    """Connections of hosts that wait for the next item, by TLS, and nothing behind them."""

    def __init__(self, stream, count: int) -> None:
        context = ssl.create_default_context(cafile=str(stream.ca_file))
        self.sockets = []
        for _ in range(count):
            talk = context.wrap_socket(socket.create_connection(("127.0.0.1", stream.port)), server_hostname=redis.NAME)
            talk.sendall(f"AUTH host {redis.PASSWORDS['host']}\r\n".encode())
            if not talk.recv(64).startswith(b"+OK"):
                raise RuntimeError("Redis takes no reader")
            self.sockets.append(talk)
        self.wait()

    def wait(self) -> None:
        for talk in self.sockets:
            talk.sendall(f"XREAD BLOCK 0 STREAMS {redis.KEY} $\r\n".encode())

    def take(self) -> float:
        """Until all have the item; how long after the first."""
        left, first = {talk.fileno(): talk for talk in self.sockets}, 0.0
        while left:
            for number in select.select(list(left), [], [])[0]:
                left.pop(number).recv(65536)
                first = first or time.monotonic()
        return time.monotonic() - first

    def close(self) -> None:
        for talk in self.sockets:
            talk.close()


def processor_s(pid: int) -> float:
    fields = files.read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fan_out(stream, count: int) -> tuple[float, float]:
    """Processor time of Redis for one item, and from the first reader's item to the last one's, at worst."""
    item = "x" * 700
    with contextlib.closing(Readers(stream, count)) as readers:
        spent, worst = 0.0, 0.0
        for _ in range(ITEMS):
            before = processor_s(stream.pid)
            stream.admin("XADD", redis.KEY + ":bench", "*", "item", item)  # what XADD itself costs, with redis-cli's handshake
            alone = processor_s(stream.pid) - before
            before = processor_s(stream.pid)
            stream.admin("XADD", redis.KEY, "*", "item", item)
            worst = max(worst, readers.take())
            spent += processor_s(stream.pid) - before - alone
            readers.wait()
    return spent / ITEMS, worst


def main() -> int:
    folder, build = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    host_module.install(build)
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(contextlib.closing(host_module.Host(build, folder)))
        server = stack.enter_context(contextlib.closing(lists.Server()))
        stream = stack.enter_context(contextlib.closing(redis.Redis()))
        host.reset()
        host.halt()
        files.write("/etc/latchkey/keys.json", json.dumps({"keys": host.provider.jwks()}))
        server.publish([MALLORY])
        text = host.config().replace("log_level: debug", "log_level: warning")
        text = text.replace("    ca_file: /etc/latchkey/corp-ca.pem\n", "    jwks_file: /etc/latchkey/keys.json\n")
        host.configure(text.replace("    min_fetch_interval: 1s\n", "") + server.section() + stream.section().removeprefix("revocation:\n"))
        host.ctl("beat", "--max-age", "1h", *stream.writer("timer"))
        hosts = stack.enter_context(contextlib.closing(fleet.Fleet(f"{folder}/fleet", 1)))
        for name in ("fleet", "now"):
            hosts.become(name, lambda state: state["state"] == "fresh", name)
        bench = Bench(host, server, stream, hosts.hosts[0])
        print("\nbytes on the wire, both ways, headers and TLS and all")
        unchanged = [bench.unchanged() for _ in range(3)]
        print(f"  one asking for a list that has not changed (304): {max(unchanged)}")
        for count in (1, 1000):
            entries = [MALLORY] + [{"kind": "token", "issuer": "https://id.example", "value": f"{count}-{number}"}
                                   for number in range(count)]
            print(f"  one change of a list by {count} tokens: {bench.changed(entries)}")
        both, size = bench.item()
        print(f"  one item of the stream of {size} bytes, written by latchkeyctl and read by one host: {both}")
        hosts.close()
        print("processor time of Redis for one item of 700 bytes, by its readers, with TLS")
        for count in READERS:
            spent, worst = fan_out(stream, count)
            print(f"  {count:5} readers: {spent * 1000:6.2f} ms, {spent / count * 1e6:5.1f} us each; first to last {worst * 1000:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
