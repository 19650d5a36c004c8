# SPDX-License-Identifier: Apache-2.0
"""A service manager of a page: starts a daemon the way its shipped unit says, where systemd is not process 1.

It reads the installed .service and .socket files and does what of them can be done without systemd: sockets with their
mode, owner and name, the user, no privileges, LISTEN_FDS and NOTIFY_SOCKET. Sockets stay while the daemon is away, as
systemd's do. The sandbox itself (ProtectSystem and the like) is tested on booted machines, tests/system.
"""

import grp
import os
import pwd
import select
import shlex
import signal
import socket
import time

from box import namespaces as ns

UNIT_FOLDER = "/usr/lib/systemd/system"
DEADLINE_S = 30.0  # keeps a test from hanging; nothing is expected to take so long


def parse_unit(path: str) -> dict[str, list[str]]:
    """Every `Key=value` of a unit file, in order; sections are not told apart (no key that is read stands in two)."""
    values: dict[str, list[str]] = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if "=" in line and line[0] not in "#;[":
                key, value = line.rstrip("\n").split("=", 1)
                values.setdefault(key, []).append(value)
    return values


class Socket:
    """One .socket unit, listening."""

    KINDS = {"ListenStream": socket.SOCK_STREAM, "ListenSequentialPacket": socket.SOCK_SEQPACKET}

    def __init__(self, unit: str) -> None:
        values = parse_unit(f"{UNIT_FOLDER}/{unit}")
        self.name = values["FileDescriptorName"][0]
        key = next(key for key in self.KINDS if key in values)
        self.path = values[key][0]
        self._kind = self.KINDS[key]
        self._mode = int(values["SocketMode"][0], 8)
        self._owner = pwd.getpwnam(values["SocketUser"][0]).pw_uid, grp.getgrnam(values["SocketGroup"][0]).gr_gid
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.listener: socket.socket | None = None
        self.open()

    def open(self) -> None:
        if self.listener:
            return
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX, self._kind)
        mask = os.umask(0o777)
        try:
            self.listener.bind(self.path)
        finally:
            os.umask(mask)
        os.chown(self.path, *self._owner)
        os.chmod(self.path, self._mode)
        self.listener.listen(128)

    def close(self) -> None:
        """As `systemctl stop` of the socket: nobody can connect any more."""
        if self.listener:
            self.listener.close()
            self.listener = None
            os.unlink(self.path)


class Process:
    """A daemon that tells when it is ready. Its output goes to a file of its own."""

    def __init__(self, name: str, command: list[str], log: str, *, sockets=(), user: str = "root",
                 environment: dict[str, str] | None = None, kept: frozenset[str] | None = None,
                 groups: tuple[str, ...] = ()) -> None:
        self.name = name
        self.log = log
        self.command = command
        self.environment = environment or {}
        self._sockets = sockets
        self._user = pwd.getpwnam(user)
        self._kept = kept  # of root: the names of the capabilities that it keeps; None: all
        self._groups = [grp.getgrnam(name).gr_gid for name in groups]
        self.pid = 0
        self._pidfd = -1

    # Starting.

    def start(self) -> "Process":
        """Returns when the daemon has said READY=1; RuntimeError with its last words when it ends instead."""
        path = f"/run/box-notify-{self.name}"
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            os.chmod(path, 0o777)
            self._spawn(path)
            self._wait_ready(notify)
        return self

    def _spawn(self, notify_path: str) -> None:
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._become(log, notify_path)
            finally:
                os._exit(126)
        os.close(log)
        self._pidfd = os.pidfd_open(self.pid)

    def _become(self, log: int, notify_path: str) -> None:
        """In the child: descriptors, user, environment, then the program."""
        os.setsid()
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        passed = [os.dup(listener.listener.fileno()) for listener in self._sockets]
        high = [os.dup2(number, 100 + index) for index, number in enumerate(passed)]
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for index, number in enumerate(high):
            os.dup2(number, 3 + index, inheritable=True)
        os.closerange(3 + len(high), 65536)
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "NOTIFY_SOCKET": notify_path} | self.environment
        if high:
            environment |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(high)),
                            "LISTEN_FDNAMES": ":".join(listener.name for listener in self._sockets)}
        if self._user.pw_uid != 0:
            ns.drop_capabilities(range(ns.LAST_CAPABILITY + 1))
            os.setgroups([])
            os.setgid(self._user.pw_gid)
            os.setuid(self._user.pw_uid)
            ns.prctl(ns.PR_SET_NO_NEW_PRIVS, 1)
        elif self._kept is not None:
            os.setgroups(self._groups)
            numbers = {ns.CAPABILITIES[name] for name in self._kept}
            ns.drop_capabilities(number for number in range(ns.LAST_CAPABILITY + 1) if number not in numbers)
            ns.prctl(ns.PR_SET_NO_NEW_PRIVS, 1)
        os.umask(0o077)
        os.chdir("/")
        os.execve(self.command[0], self.command, environment)

    def _wait_ready(self, notify: socket.socket) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while (left := deadline - time.monotonic()) > 0:
            readable = select.select([notify, self._pidfd], [], [], left)[0]
            if notify in readable and "READY=1" in notify.recv(4096).decode().splitlines():
                return
            if self._pidfd in readable and notify not in readable:
                break
        words = self.said()[-2000:]
        self.kill()
        raise RuntimeError(f"{self.name} did not become ready; it said:\n{words}")

    # Living and ending.

    def said(self) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def running(self) -> bool:
        return self.pid != 0 and not select.select([self._pidfd], [], [], 0)[0]

    def signal(self, number: int) -> None:
        signal.pidfd_send_signal(self._pidfd, number)

    def wait(self, seconds: float = DEADLINE_S) -> int:
        """Its exit status (negative: the signal that ended it); TimeoutError when it lives on."""
        if not select.select([self._pidfd], [], [], seconds)[0]:
            raise TimeoutError(f"{self.name} did not end")
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._pidfd)
        self.pid, self._pidfd = 0, -1
        return status

    def stop(self) -> int | None:
        """A polite end (SIGTERM); SIGCONT first, in case a test had stopped it."""
        if not self.pid:
            return None
        if self.running():
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        if self.pid:
            if self.running():
                self.signal(signal.SIGKILL)
            self.wait()


def _boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip().replace("-", "")


def from_unit(unit: str, log: str, sockets: list[Socket], arguments: list[str]) -> Process:
    """The daemon of an installed .service; `arguments` follow those of its ExecStart."""
    values = parse_unit(f"{UNIT_FOLDER}/{unit}.service")
    if values["Type"] != ["notify"]:
        raise ValueError(f"{unit} is expected to be Type=notify")
    return Process(unit, shlex.split(values["ExecStart"][0].replace("%b", _boot_id())) + arguments, log, sockets=sockets, user=values["User"][0],
                   kept=frozenset(" ".join(values["CapabilityBoundingSet"]).split()),
                   groups=tuple(" ".join(values.get("SupplementaryGroups", [])).split()))
