# SPDX-License-Identifier: Apache-2.0
"""Logins at a steady rate: latchkey_oracle over the PAM socket, and beside it a slower one through the real module. Their
records are read as they come, so a test waits for so many logins and never for a time."""

import base64
import dataclasses
import fcntl
import os
import subprocess
import threading
import time

from box import files
from harness.verdicts import Record, Right

DEADLINE_S = 120  # only keeps a test from hanging
_F_SETPIPE_SZ = 1031
_KID_MARKER = "A-KID-THAT-IS-MADE-ANEW-EACH-TIME"


@dataclasses.dataclass
class TokenClass:
    name: str
    weight: int
    right: Right
    tokens: list[str]
    user: str = "alice"
    source: str = "10.7."
    service: str = "sshd"


def random_kid_token(token: str) -> str:
    """A token file out of which a new `kid` is made for each login; the rest is that of the token given."""
    _, rest = token.split(".", 1)
    return f'{{"alg":"ES256","kid":"{_KID_MARKER}","typ":"at+jwt"}}\n{rest}'


def random_opaque_token(beginning: str) -> tuple[str, str]:
    """A token file of which another opaque token is made for each login, and what they all begin with. `beginning` has a
    multiple of three characters."""
    assert len(beginning) % 3 == 0
    return f"{beginning}{_KID_MARKER}\nguess", base64.urlsafe_b64encode(beginning.encode()).decode()


def write_classes(folder: str, classes: list[TokenClass]) -> str:
    """The file that latchkey_oracle reads, with the tokens beside it; its path."""
    os.makedirs(folder, exist_ok=True)
    lines = []
    for kind in classes:
        for number, token in enumerate(kind.tokens):
            path = f"{folder}/{kind.name}-{number}"
            files.write(path, token + "\n", 0o600)
            lines.append("\t".join((kind.name, str(kind.weight), kind.service, kind.user, kind.source, path)))
    path = f"{folder}/classes"
    files.write(path, "\n".join(lines) + "\n", 0o600)
    return path


@dataclasses.dataclass
class Flood:
    """What came of logins of one class, sent as fast as the socket took them."""
    on: float
    off: float
    met: dict[tuple[str, str], int]  # (verdict, reason) to how many
    grown_kb: dict[str, int]  # resident memory of each daemon

    def columns(self) -> dict:
        return {"flood_per_second": round(sum(self.met.values()) / (self.off - self.on)),
                "flood_met": {f"{what} {reason}": number for (what, reason), number in self.met.items()},
                "memory_grew_kb": self.grown_kb}

    def judge(self, count: int, refused: str, grown_kb_most: int) -> None:
        """Each was refused, by the verdict that is due or for want of a budget, and memory stayed in its bound."""
        assert sum(self.met.values()) == count
        assert set(self.met) <= {("refused", refused), ("unavailable", "budget_exhausted")}, self.met
        assert self.met.get(("refused", refused), 0) > 0
        assert max(self.grown_kb.values()) <= grown_kb_most, self.grown_kb


def flood(world, kind: TokenClass, count: int) -> Flood:
    path = write_classes(world.scratch("flood"), [kind])
    world.reset_peaks()
    before = world.memory_kb()
    on = time.monotonic()
    with subprocess.Popen([world.oracle, "--classes", path, "--records", "/dev/stdout", "--socket", world.pam_socket,
                           "--rate", "0", "--open", "48", "--most", str(count), "--counts"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        lines = sender.stdout.read().splitlines()  # it ends by itself; its stdin ends with us
    off = time.monotonic()
    after = world.memory_kb()
    return Flood(on, off, {tuple(line.split()[2:4]): int(line.split()[4]) for line in lines},
                 {name: after[name][0] - before[name][0] for name in after})


class Sender:
    """One latchkey_oracle; it ends with us, since its stdin does."""

    def __init__(self, program: str, classes: str, arguments: list[str], grew: threading.Condition, module: bool) -> None:
        self.records: list[Record] = []
        self.said = self.taken = 0  # commands, by us and by it
        self.oldest_open = 0.0  # when the oldest login began that had not ended at the last record
        self._grew = grew
        self._module = module
        self._process = subprocess.Popen([program, "--classes", classes, "--records", "/dev/stdout", *arguments],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        fcntl.fcntl(self._process.stdout, _F_SETPIPE_SZ, 1 << 20)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            if line.startswith(b"open "):
                with self._grew:
                    self.oldest_open, self.taken = int(line.split()[1]) / 1e6, int(line.split()[2])
                    self._grew.notify_all()
                continue
            due, start, end, oldest_open, kind, outcome, reason = line.decode("ascii").split()
            record = Record(int(due) / 1e6, int(start) / 1e6, int(end) / 1e6, kind, outcome, reason, self._module)
            with self._grew:
                self.records.append(record)
                self.oldest_open = int(oldest_open) / 1e6
                self._grew.notify_all()

    def say(self, line: str) -> None:
        self.said += 1
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        self.say("end")
        self._thread.join(DEADLINE_S)
        self._process.stdin.close()
        status = self._process.wait(DEADLINE_S)
        self._process.stdout.close()
        assert status == 0, f"latchkey_oracle ended with {status}"


class Traffic:
    """Both senders on the same classes. Used as a context: they end when it does."""

    def __init__(self, world, classes: list[TokenClass], rate: float = 400, module_rate: float = 10, seed: int = 1) -> None:
        self.rate = rate
        self.rights = {kind.name: kind.right for kind in classes}
        self._grew = threading.Condition()
        path = write_classes(world.scratch("classes"), classes)
        self._senders = [Sender(world.oracle, path, ["--socket", world.pam_socket, "--rate", str(rate), "--seed",
                                                     str(seed)], self._grew, False)]
        if module_rate:
            self._senders.append(Sender(world.oracle, path, ["--confdir", world.confdir, "--rate", str(module_rate),
                                                             "--seed", str(seed + 1)], self._grew, True))

    def __enter__(self) -> "Traffic":
        return self

    def __exit__(self, *_error) -> None:
        for sender in self._senders:
            sender.stop()

    def shift(self, name: str, weight: int) -> None:
        """As weight(), and waits for nothing: for a hundred changes a second."""
        assert name in self.rights
        for sender in self._senders:
            sender.say(f"weight {name} {weight}")

    def weight(self, name: str, weight: int) -> None:
        self.shift(name, weight)
        self.until(lambda: all(sender.taken == sender.said for sender in self._senders), "a command taken")

    def count(self) -> int:
        return len(self._senders[0].records)

    def until(self, done, what: str, seconds: float = DEADLINE_S) -> None:
        """Waits until `done()` holds, looking again when some logins have ended: some conditions are a program to run."""
        deadline = time.monotonic() + seconds
        while not done():
            with self._grew:
                seen = self.count()
                self._grew.wait_for(lambda: self.count() >= seen + 8, 0.05)
            assert time.monotonic() < deadline, f"this never came: {what}"

    def logins(self, count: int) -> None:
        """Waits for so many more logins over the socket."""
        target = self.count() + count
        self.until(lambda: self.count() >= target, f"{count} logins")

    def seconds(self, seconds: float) -> None:
        """Waits for as many logins as that time has at the rate."""
        self.logins(int(seconds * self.rate))

    def settled(self, moment: float) -> None:
        """Waits until every login that began before the moment has ended and been read."""
        self.until(lambda: all(sender.oldest_open > moment for sender in self._senders), "the end of what was under way")

    def between(self, since: float, until: float) -> list[Record]:
        """Logins that were due in that span."""
        found = []
        for sender in self._senders:
            for record in reversed(list(sender.records)):  # they stand by their ends
                if record.end < since:
                    break
                if since <= record.due < until:
                    found.append(record)
        return sorted(found, key=lambda record: record.end)

    def all(self) -> list[Record]:
        return self.between(0, float("inf"))
