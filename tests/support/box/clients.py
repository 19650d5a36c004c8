# SPDX-License-Identifier: Apache-2.0
"""The ways to an sshd: the wrapper with an unmodified ssh, a plain paste through SSH_ASKPASS, a terminal, paramiko, keys.

Everything that is unmodified ssh runs as the box's user `laptop`, without a terminal unless a test asks for one.
"""

import dataclasses
import os
import shutil
import subprocess

from box import accounts, files, sshd

DEADLINE_S = 150  # above the 110 s of a whole conversation; only keeps a test from hanging
HOST = "box.example"
LAPTOP = accounts.LAPTOP
PASTE = "/usr/local/bin/box-paste"


@dataclasses.dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


def install_laptop() -> None:
    """The laptop's ssh configuration, its knowledge of the host's key, and the helper for a plain paste."""
    files.must_be_in_box()
    files.write("/etc/hosts", f"127.0.0.1 localhost box {HOST} other.example idp.example lists.example\n::1 localhost\n")
    own = LAPTOP.uid, LAPTOP.uid
    shutil.rmtree(f"{LAPTOP.home}/.config", ignore_errors=True)
    key = files.read(f"{sshd.HOST_KEY}.pub").split()[:2]
    files.write(f"{LAPTOP.home}/.ssh/known_hosts", f"{HOST},other.example {' '.join(key)}\n", 0o600, own)
    files.write(f"{LAPTOP.home}/.ssh/config", "StrictHostKeyChecking yes\nUpdateHostKeys no\n", 0o600, own)
    # What a person does who has no wrapper: hands ssh the whole token when it asks. Nothing of it is Latchkey's.
    files.write(PASTE, '#!/bin/sh\necho "$1" >>"$BOX_PASTE_LOG"\ncat "$BOX_PASTE"\n', 0o755)


def run_as(person: accounts.Person, command: list[str], *, environment: dict[str, str] | None = None, stdin: str = "",
           groups: tuple[int, ...] = (), seconds: float = DEADLINE_S) -> Result:
    base = {"HOME": person.home, "USER": person.name, "LOGNAME": person.name, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8"}
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=seconds, cwd=person.home,
                          env=base | (environment or {}), user=person.uid, group=person.uid, extra_groups=groups,
                          start_new_session=True, errors="replace")
    return Result(done.returncode, done.stdout, done.stderr)


def token_file(token: str, name: str = "token") -> str:
    """The token where the laptop's user keeps it: a file that nobody else can read."""
    path = f"{LAPTOP.home}/{name}"
    files.write(path, token + "\n", 0o600, (LAPTOP.uid, LAPTOP.uid))
    return path


def wrapped(tool: str, token: str, arguments: list[str], **more) -> Result:
    """`latchkey ssh|scp|sftp|rsync ...` with the token where token discovery finds it."""
    environment = {"BEARER_TOKEN_FILE": token_file(token)} | more.pop("environment", {})
    return run_as(LAPTOP, ["latchkey", tool, *arguments], environment=environment, **more)


def ssh(token: str, user: str, command: str = "id", options: tuple[str, ...] = (), **more) -> Result:
    return wrapped("ssh", token, [*options, f"{user}@{HOST}", command], **more)


def paste(answer: str, user: str, command: str = "id", options: tuple[str, ...] = ()) -> Result:
    """Unmodified ssh without any wrapper: the answer is typed as it is at every prompt, once."""
    log = f"{LAPTOP.home}/prompts"
    files.write(log, "", 0o600, (LAPTOP.uid, LAPTOP.uid))
    environment = {"SSH_ASKPASS": PASTE, "SSH_ASKPASS_REQUIRE": "force", "BOX_PASTE": token_file(answer, "answer"),
                   "BOX_PASTE_LOG": log, "DISPLAY": "none"}
    return run_as(LAPTOP, ["ssh", "-o", "NumberOfPasswordPrompts=1", *options, f"{user}@{HOST}", command],
                  environment=environment)


def prompts() -> list[str]:
    """What ssh asked during the last paste."""
    return files.read(f"{LAPTOP.home}/prompts").splitlines()


def make_key(person: accounts.Person) -> str:
    """A key pair of the laptop that opens this account as far as sshd is concerned; the path of the private half."""
    path = f"{LAPTOP.home}/key-{person.name}"
    if not os.path.exists(path):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person.name, "-f", path], check=True)
        for name in (path, f"{path}.pub"):
            os.chown(name, LAPTOP.uid, LAPTOP.uid)
    folder = f"{person.home}/.ssh"
    os.makedirs(folder, 0o700, exist_ok=True)
    files.write(f"{folder}/authorized_keys", files.read(f"{path}.pub"), 0o600, (person.uid, person.uid))
    return path


def key_login(person: accounts.Person, command: str = "id -un", options: tuple[str, ...] = ()) -> Result:
    """Unmodified ssh with a key and nothing else to offer."""
    path = make_key(person)
    return run_as(LAPTOP, ["ssh", "-o", "BatchMode=yes", "-o", "PreferredAuthentications=publickey", "-i", path, *options,
                           f"{person.name}@{HOST}", command])


def terminal(person: accounts.Person, command: list[str], environment: dict[str, str] | None = None,
             groups: tuple[int, ...] = ()) -> "pexpect.spawn":
    """The command on a terminal of its own, for what a person reads and types."""
    import pexpect  # here, because the demo does without it

    def become() -> None:
        if person.uid:
            os.setgroups(groups)
            os.setgid(person.uid)
            os.setuid(person.uid)

    base = {"HOME": person.home, "USER": person.name, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8",
            "TERM": "dumb"}
    child = pexpect.spawn(command[0], command[1:], env=base | (environment or {}), cwd=person.home, preexec_fn=become,
                          timeout=DEADLINE_S, encoding="utf-8", codec_errors="replace")
    child.delaybeforesend = None
    return child


def by_paramiko(answer: str, user: str, command: str = "id -un") -> Result:
    """A client that cuts nothing: the whole token as one answer."""
    import paramiko  # here, because the demo does without it

    transport = paramiko.Transport((HOST, 22))
    try:
        transport.start_client(timeout=DEADLINE_S)
        try:
            transport.auth_interactive(user, lambda title, text, asked: [answer for _ in asked])
        except paramiko.AuthenticationException as error:
            return Result(255, "", str(error))
        channel = transport.open_session(timeout=DEADLINE_S)
        channel.exec_command(command)
        out = channel.makefile("r").read().decode()
        return Result(channel.recv_exit_status(), out, "")
    finally:
        transport.close()
