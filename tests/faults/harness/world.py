# SPDX-License-Identifier: Apache-2.0
"""The host of the fault tests: latchkeyd and fetchd as their units say, an account or two, stub providers in place of
identity providers. Lives in a box, so that nothing of it outlives the tests."""

import contextlib
import glob
import json
import mmap
import os
import shutil
import struct
import subprocess
import time

from box import files, units
from fetching.issuer_keys import AUDIENCE

CONFIG = "/etc/latchkey/latchkey.yaml"
STATE = "/var/lib/latchkey"
_SHIM = "/usr/lib/latchkey-fault-shim.so"
_FAULT_FILE = "/run/latchkey-faults"


def issuer_section(name: str, provider, ca_file, **members) -> dict:
    return {"name": name, "issuer": provider.origin, "ca_file": str(ca_file), "audiences": [AUDIENCE],
            "algorithms": ["RS256", "ES256", "EdDSA"], "tokens": ["access"], "leeway": "5s", "min_fetch_interval": "1s",
            "refresh_interval": "10s", "fetch_timeout": "2s",
            "groups": {"claim": "groups", "map": {"corp-developers": ["developers"]}}} | members


class World:
    def __init__(self, folder: str) -> None:
        files.must_be_in_box()
        self.folder = folder
        tools = f"{os.environ['LATCHKEY_SOURCE']}/build/dev/tests/faults"  # tests are no part of a release
        self.oracle = f"{tools}/latchkey_oracle"
        shutil.copy(f"{tools}/liblatchkey_fault_shim.so", _SHIM)
        files.write(_FAULT_FILE, "\0" * 24)
        self.sockets = {name: units.Socket(f"latchkey-{name}.socket") for name in ("pam", "control", "fetchd")}
        self.fetchd = units.from_unit("latchkey-fetchd", f"{folder}/fetchd.log", [self.sockets["fetchd"]], [])
        self.latchkeyd = units.from_unit("latchkeyd", f"{folder}/latchkeyd.log",
                                         [self.sockets["pam"], self.sockets["control"]], [])
        shim = {"LD_PRELOAD": _SHIM, "LATCHKEY_FAULT_FILE": _FAULT_FILE}
        self.latchkeyd.environment = shim
        self.fetchd.environment = shim
        self.pam_socket = self.sockets["pam"].path
        self.confdir = self.scratch("pam.d")
        files.write(f"{self.confdir}/sshd", "auth required pam_latchkey.so\n")
        files.write(f"{self.confdir}/other", "auth required pam_deny.so\n")

    def scratch(self, name: str) -> str:
        path = f"/tmp/faults/{name}"
        os.makedirs(path, exist_ok=True)
        return path

    # Daemons.

    def configure(self, issuers: list[dict], appended: str = "", **members) -> None:
        """`appended` is YAML, of what has its section from elsewhere."""
        members = {"version": 1, "log_level": "notice"} | members
        access = [{"services": ["sshd"], "allow": {"groups": ["developers"]}}]
        lines = [f"{name}: {json.dumps(value)}" for name, value in (members | {"issuers": issuers, "access": access}).items()]
        files.write(CONFIG, "\n".join(lines) + "\n" + appended)  # JSON is YAML

    def fresh(self, issuers: list[dict], **members) -> None:
        """A host that was never used, with this configuration, both daemons ready."""
        self.stop()
        for name in os.listdir(STATE):
            path = f"{STATE}/{name}"
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
        self.configure(issuers, **members)
        self.start()

    def start(self) -> None:
        for listener in self.sockets.values():
            listener.open()
        for process in (self.fetchd, self.latchkeyd):
            if not process.pid:
                process.start()

    def stop(self) -> None:
        self.move_clocks()
        self.break_disk(0)
        for process in (self.latchkeyd, self.fetchd):
            process.stop()

    def ctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(["latchkeyctl", *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, f"latchkeyctl {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def status(self) -> dict:
        return json.loads(self.ctl("--json", "status").stdout)

    def issuer(self, name: str = "corp") -> dict:
        """What status says of it; what is null there is left out by Varlink, and None here."""
        found = next(issuer for issuer in self.status()["issuers"] if issuer["name"] == name)
        return {"last_error": None, "fetched_at": None} | found

    # The shim's faults: shim.cc.

    def move_clocks(self, wall_s: float = 0, boot_s: float = 0) -> None:
        """Sets the daemons' wall clock and their clock that counts sleep off, from now on."""
        self._tell(0, int(wall_s * 1e9))
        self._tell(8, int(boot_s * 1e9))

    def break_disk(self, error_number: int) -> None:
        self._tell(16, error_number)

    @staticmethod
    def _tell(offset: int, value: int) -> None:
        with open(_FAULT_FILE, "r+b") as file, contextlib.closing(mmap.mmap(file.fileno(), 24)) as mapped:
            mapped[offset:offset + 8] = struct.pack("q", value)

    # What they say and use.

    def marks(self) -> dict[str, int]:
        return {process.name: os.path.getsize(process.log) for process in (self.latchkeyd, self.fetchd)}

    def said_since(self, marks: dict[str, int], only: str = "") -> str:
        said = ""
        for process in (self.latchkeyd, self.fetchd):
            if only not in process.name:
                continue
            with open(process.log, "rb") as file:
                file.seek(marks[process.name])
                said += file.read().decode("utf-8", "replace")
        return said

    def reset_peaks(self) -> None:
        for process in (self.latchkeyd, self.fetchd):
            files_clear = f"/proc/{process.pid}/clear_refs"
            with open(files_clear, "w", encoding="ascii") as file:
                file.write("5")

    def memory_kb(self) -> dict[str, tuple[int, int]]:
        """Resident now, and at most since reset_peaks(), of each daemon."""
        found = {}
        for process in (self.latchkeyd, self.fetchd):
            with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                lines = dict(line.split(":", 1) for line in file)
            found[process.name] = tuple(int(lines[name].split()[0]) for name in ("VmRSS", "VmHWM"))
        return found

    def close(self) -> None:
        self.stop()
        for listener in self.sockets.values():
            listener.close()
