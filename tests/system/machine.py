# SPDX-License-Identifier: Apache-2.0
"""A Debian with systemd as process 1, booted by systemd-nspawn from an overlay of the prepared base, our build installed.

It runs in the namespaces of `enter.py --apart`: the network that it shares with the tests is a loopback that nobody else
has, and neither a mount nor a process of it outlives them. Its writable half is a tmpfs.
"""

import os
import pathlib
import select
import shutil
import socket
import subprocess
import time

from box import namespaces as ns

STAGE = "/mnt"
ROOT = f"{STAGE}/root"
BOOT_S = 120  # only keeps a test from hanging
GIVEN_AWAY = ",".join(f"-{name}" for name in ("sys_time", "sys_module", "sys_rawio", "sys_boot", "mac_admin", "syslog"))


class Machine:
    def __init__(self, base: str, build: str, log: str) -> None:
        if os.environ.get("LATCHKEY_BOX") != "apart":
            raise RuntimeError("run by tests/support/box/enter.py --apart: what is booted here shall not outlive its test")
        ns.mount("tmpfs", STAGE, "tmpfs", data="mode=0755")
        for name in ("upper", "work", "root"):
            os.mkdir(f"{STAGE}/{name}")
        ns.mount("overlay", ROOT, "overlay", data=f"lowerdir={base},upperdir={STAGE}/upper,workdir={STAGE}/work")
        subprocess.run(["cmake", "--install", build], check=True, capture_output=True, env=os.environ | {"DESTDIR": ROOT})
        if module := os.environ.get("LATCHKEY_MODULE"):  # the one that is released
            shutil.copyfile(module, next(self.path("/usr/lib").glob("*/security/pam_latchkey.so")))
        self._log = open(log, "wb")
        self._cgroups: list[pathlib.Path] = []
        self.leader = 0

    def path(self, inside: str) -> pathlib.Path:
        return pathlib.Path(ROOT + inside)

    def write(self, inside: str, text: str, mode: int = 0o644, owner: int = 0) -> None:
        """A file of the machine, written from outside: not below what it mounts over its tree when it boots."""
        if inside.split("/")[1] in ("dev", "proc", "run", "sys", "tmp"):
            raise ValueError(f"{inside}: nobody in the machine would see that")
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, owner, owner)

    def offline(self, *command: str) -> None:
        """A command on the files of the machine before it is booted."""
        subprocess.run(["chroot", ROOT, *command], check=True, capture_output=True)

    def boot(self) -> None:
        """Returns when systemd in it says that it is up."""
        notify_path = "/run/box-nspawn-notify"
        pathlib.Path(notify_path).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(notify_path)
            self._nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=pipe", "--machine=host",
                 "--resolv-conf=off", "--timezone=off", "--notify-ready=yes", "--kill-signal=SIGRTMIN+3",
                 "--directory", ROOT, "--boot"],
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, preexec_fn=self._own_cgroup,
                env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": notify_path})
            deadline = time.monotonic() + BOOT_S
            while (left := deadline - time.monotonic()) > 0:
                if not select.select([notify], [], [], min(left, 1))[0]:
                    if self._nspawn.poll() is not None:
                        break
                    continue
                for line in notify.recv(4096).decode().splitlines():
                    if line.startswith("X_NSPAWN_LEADER_PID="):
                        self.leader = int(line.split("=")[1])
                    if line == "READY=1":
                        return
        raise RuntimeError("the machine did not boot; its console is in the reports")

    def _own_cgroup(self) -> None:
        # With --keep-unit nspawn builds below its own cgroup: one that is nobody else's.
        for tree in (pathlib.Path("/sys/fs/cgroup"), *pathlib.Path("/sys/fs/cgroup").iterdir()):
            if (tree / "cgroup.procs").exists():
                own = tree / "latchkey-system-test"
                own.mkdir(exist_ok=True)
                try:
                    (own / "cgroup.procs").write_text(str(os.getpid()))
                except OSError:
                    continue  # a controller that wants settings first; nspawn does without

    def run(self, *command: str, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess:
        """A command in the machine, as root, without the capabilities that would reach the real one."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "--",
             "setpriv", "--inh-caps=-all", f"--bounding-set={GIVEN_AWAY}", "--", *command],
            input=stdin, capture_output=True, text=True, timeout=180, check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def property(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def wait_for(self, what, seconds: float = 60, shows=lambda: "it never came"):
        """The first true value of `what()`; the machine has no event for it that could be waited on from outside."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := what():
                return value
        raise TimeoutError(shows())

    def power_off(self) -> None:
        if self.leader:
            self.run("systemctl", "poweroff", check=False)
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
        self.leader = 0
        for tree in (pathlib.Path("/sys/fs/cgroup"), *pathlib.Path("/sys/fs/cgroup").iterdir()):
            own = tree / "latchkey-system-test"
            if own.exists():
                for folder in sorted((path for path in own.rglob("*") if path.is_dir()), reverse=True):
                    folder.rmdir()
                own.rmdir()
