# SPDX-License-Identifier: Apache-2.0
"""The people of the box: written straight into its passwd, group and shadow, in place of the machine's own people.

alice, bob and carol are managed by Latchkey's default (a uid of 1000 or more), carol never having signed in; rescue is
the break-glass account with a key and a password of its own; laptop is where the clients run, as if on another machine;
ghost is known to the provider and not to this host. System accounts of the machine stay.
"""

import dataclasses
import os
import shutil
import subprocess

from box import files


@dataclasses.dataclass(frozen=True)
class Person:
    name: str
    uid: int
    password: str = ""  # empty: none that could be typed

    @property
    def home(self) -> str:
        return f"/home/{self.name}" if self.uid else "/root"


ROOT = Person("root", 0)
ALICE = Person("alice", 2001)
BOB = Person("bob", 2002)
CAROL = Person("carol", 2003)
DAVE = Person("dave", 2004, password="dave-has-a-password")  # for the stacks' other roads
RESCUE = Person("rescue", 2000, password="break-the-glass")
LAPTOP = Person("laptop", 3000)
PEOPLE = (ALICE, BOB, CAROL, DAVE, RESCUE, LAPTOP)
GROUPS = {"developers": 4001, "sre": 4002, "docker": 4003}


def _system_lines(path: str, column: int) -> list[str]:
    """Lines of passwd or group that belong to the system: an id under 1000, or nobody's."""
    kept = []
    for line in files.read(path).splitlines():
        fields = line.split(":")
        if len(fields) > column and fields[column].isdigit() and (int(fields[column]) < 1000 or int(fields[column]) == 65534):
            kept.append(line)
    return kept


def install() -> None:
    """Rewrites the account files. The users of the daemons come from the shipped sysusers file, not from here."""
    files.must_be_in_box()
    passwd = _system_lines("/etc/passwd", 2)
    group = [line for line in _system_lines("/etc/group", 2) if line.split(":")[0] not in GROUPS]
    names = {line.split(":")[0] for line in passwd}
    shadow = [line for line in files.read("/etc/shadow").splitlines() if line.split(":")[0] in names]
    for person in PEOPLE:
        passwd.append(f"{person.name}:x:{person.uid}:{person.uid}::{person.home}:/bin/bash")
        group.append(f"{person.name}:x:{person.uid}:")
        shadow.append(f"{person.name}:{_hash(person.password)}:19000:0:99999:7:::")
    group += [f"{name}:x:{gid}:" for name, gid in GROUPS.items()]
    shadow_gid = next(int(line.split(":")[2]) for line in group if line.startswith("shadow:"))
    files.write("/etc/passwd", "\n".join(passwd) + "\n")
    files.write("/etc/group", "\n".join(group) + "\n")
    files.write("/etc/shadow", "\n".join(shadow) + "\n", 0o640, (0, shadow_gid))
    for stale in ("/etc/gshadow", "/etc/subuid", "/etc/subgid"):
        if os.path.exists(stale):
            os.unlink(stale)
    shutil.rmtree("/home", ignore_errors=True)
    for person in PEOPLE:
        os.makedirs(f"{person.home}/.ssh", 0o700)
        for path in (person.home, f"{person.home}/.ssh"):
            os.chmod(path, 0o700)
            os.chown(path, person.uid, person.uid)


def _hash(password: str) -> str:
    if not password:
        return "*"
    done = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password, text=True, capture_output=True, check=True)
    return done.stdout.strip()


def add_daemon_users() -> None:
    """What a package's postinst would do with the shipped files."""
    subprocess.run(["systemd-sysusers", "/usr/lib/sysusers.d/latchkey.conf"], check=True, capture_output=True)
    # tmpfiles would also like to tell a running systemd; there is none, and the folders are made all the same.
    subprocess.run(["systemd-tmpfiles", "--create", "/usr/lib/tmpfiles.d/latchkey.conf"], check=True, capture_output=True)
