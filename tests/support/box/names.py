# SPDX-License-Identifier: Apache-2.0
"""latchkey-namesd in the box, and the names file that it serves, written here by what docs/NAMES.md says alone."""

import dataclasses
import hashlib
import os
import pwd
import re
import subprocess

from box import files, units

FILE = "/var/lib/latchkey-names/names"
NSSWITCH = "/etc/nsswitch.conf"
RANGE = (1879048192, 2147352575)
_DATABASES = ("passwd", "group", "shadow", "gshadow")


def id_of(name: str) -> int:
    digest = hashlib.sha256(b"latchkey:id:1:" + name.encode()).digest()
    return RANGE[0] + int.from_bytes(digest[:8], "big") % (RANGE[1] - RANGE[0] + 1)


@dataclasses.dataclass(frozen=True)
class User:
    name: str
    uid: int
    gid: int = 0  # 0: as the uid
    state: str = "active"
    since: int = 0
    real_name: str = ""

    def line(self) -> str:
        return f"user:{self.name}:{self.uid}:{self.gid or self.uid}:{self.state}:{self.since}:/home/{self.name}:/bin/sh:{self.real_name}"

    def passwd(self) -> str:
        """As getent shows it: libnss-systemd puts the name where there is no real one."""
        return f"{self.name}:x:{self.uid}:{self.gid or self.uid}:{self.real_name or self.name}:/home/{self.name}:/bin/sh\n"


def text(users=(), groups=(), members=(), enumerate_all: bool = False, provisional: bool = False) -> str:
    """`groups` are (name, gid), `members` (group, user); in any order."""
    yes = {True: "yes", False: "no"}
    lines = ["latchkey-names:1", f"enumerate:{yes[enumerate_all]}", f"provisional:{yes[provisional]}",
             f"ids:{RANGE[0]}:{RANGE[1]}", "home:/home/%u", "shell:/bin/bash",
             *(user.line() for user in sorted(users, key=lambda user: user.name)),
             *(f"group:{name}:{gid}" for name, gid in sorted(groups)),
             *(f"member:{group}:{user}" for group, user in sorted(members))]
    body = "".join(f"{line}\n" for line in lines)
    return f"{body}sha256:{hashlib.sha256(body.encode()).hexdigest()}\n"


def publish(content: str) -> None:
    """As latchkeyd does: by rename, as its own user."""
    user = pwd.getpwnam("latchkey")
    files.write(FILE, content, owner=(user.pw_uid, user.pw_gid))


class Switch:
    """nsswitch.conf with `files systemd` for users and groups, until close()."""

    def __init__(self) -> None:
        files.must_be_in_box()
        self._before = files.read(NSSWITCH)
        others = [line for line in self._before.splitlines() if not re.match(rf"({'|'.join(_DATABASES)}):", line)]
        files.write(NSSWITCH, "".join(f"{line}\n" for line in [*(f"{name}: files systemd" for name in _DATABASES), *others]))

    def close(self) -> None:
        files.write(NSSWITCH, self._before)


def namesd(log: str) -> units.Process:
    """By its unit; not started yet."""
    return units.from_unit("latchkey-namesd", log, [], [])


def getent(*arguments: str, program: str = "getent", **how) -> str:
    """What it finds; empty where there is nothing."""
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=120, **how).stdout


def copy_of_getent(path: str, mode: int = 0o755) -> str:
    """A process of this path is called by its last part."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open("/usr/bin/getent", "rb") as program, open(path, "wb") as copy:
        copy.write(program.read())
    os.chmod(path, mode)
    return path
