#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a box: the machine as it is, copied on write, alone with itself.

    enter.py [--copied DIR]... [--writable DIR]... [--] COMMAND [ARGUMENT...]
    enter.py --apart [--] COMMAND [ARGUMENT...]

In the box the command is root on what looks like this machine, with its own mounts, processes, network (a loopback
only), host name, /tmp, /run and /dev. `/` is an overlay whose upper half is a tmpfs, so the command may install
programs, rewrite /etc/pam.d and make users; none of it reaches the machine, and all of it is gone with the last process
of the box. DIRs are shown at the same path: copied ones copy on write too, wherever they are mounted from (the project,
its build), writable ones as they are, for what shall survive (reports).

With --apart the command sees the machine's real files, and has the rest of the above: for what brings its own root along
(systemd-nspawn), and shall neither outlive its test nor be on the machine's network.

Guarantees: when the command ends, or this process is killed by whatever signal, or its parent dies, every process of the
box is killed by the kernel and every mount goes with them. The clock, the modules and the log of the machine are out of
reach (capabilities given away for good). Exit status: the command's; 2 where no box could be made.

The upper half is a tmpfs because an overlay inside an overlay (a container, a fresh machine) takes no other.
"""

import argparse
import os
import pathlib
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from box import namespaces as ns  # noqa: E402  (the path above makes it findable)

FLAGS = ns.CLONE_NEWNS | ns.CLONE_NEWPID | ns.CLONE_NEWNET | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
ENVIRONMENT = {
    "HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash", "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONDONTWRITEBYTECODE": "1",
}
# What of the caller's environment is let in: nothing that could point a program of the box at the machine's own things.
LET_IN = ("TERM", "COLUMNS", "LINES", "CI", "NO_COLOR")


def stage_for(shown: list[str]) -> str:
    """An existing directory that can be covered while the box is built, because nothing that is shown lies under it."""
    for candidate in ("/mnt", "/media", "/srv", "/opt", "/tmp"):
        if os.path.isdir(candidate) and not any((path + "/").startswith(candidate + "/") for path in shown):
            return candidate
    raise OSError("no directory to build the box on")


def overlay(lower: str, target: str, scratch: str) -> None:
    """Shows `lower` at `target`; what is written there goes into the new folder `scratch`."""
    os.makedirs(target, exist_ok=True)
    for name in ("upper", "work"):
        os.makedirs(f"{scratch}/{name}")
    ns.mount("overlay", target, "overlay", data=f"lowerdir={lower},upperdir={scratch}/upper,workdir={scratch}/work")


def build(copied: list[str], writable: list[str]) -> str:
    """Makes the root of the box in this mount namespace and returns its path."""
    ns.mount("", "/", flags=ns.MS_REC | ns.MS_PRIVATE)
    stage = stage_for(copied + writable)
    ns.mount("tmpfs", stage, "tmpfs", data="mode=0755")
    root = f"{stage}/root"
    overlay("/", root, f"{stage}/machine")
    ns.mount("proc", f"{root}/proc", "proc", ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC)
    ns.mount("sysfs", f"{root}/sys", "sysfs", ns.MS_RDONLY | ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC)
    ns.mount("tmpfs", f"{root}/run", "tmpfs", ns.MS_NOSUID | ns.MS_NODEV, "mode=0755")
    ns.mount("tmpfs", f"{root}/tmp", "tmpfs", ns.MS_NODEV, "mode=1777")
    os.makedirs(f"{root}/run/lock", exist_ok=True)
    os.chmod(f"{root}/run/lock", 0o1777)
    build_devices(f"{root}/dev")
    for number, path in enumerate(copied):
        overlay(path, root + path, f"{stage}/copied{number}")
    for path in writable:
        ns.bind(path, root + path)
    return root


def build_devices(dev: str) -> None:
    """A /dev with what programs need and none of the machine's disks; terminals are the box's own."""
    ns.mount("tmpfs", dev, "tmpfs", ns.MS_NOSUID, "mode=0755")
    for name in DEVICES:
        ns.bind(f"/dev/{name}", f"{dev}/{name}")
    for name in ("pts", "shm"):
        os.mkdir(f"{dev}/{name}")
    ns.mount("devpts", f"{dev}/pts", "devpts", ns.MS_NOSUID | ns.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")
    ns.mount("tmpfs", f"{dev}/shm", "tmpfs", ns.MS_NOSUID | ns.MS_NODEV, "mode=1777")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"),
                         ("stderr", "fd/2")):
        os.symlink(target, f"{dev}/{name}")


def set_apart() -> None:
    """The real root, in namespaces of its own: /proc has to follow, and /run is where things would be left behind."""
    ns.mount("", "/", flags=ns.MS_REC | ns.MS_PRIVATE)
    ns.mount("proc", "/proc", "proc", ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC)
    ns.mount("tmpfs", "/run", "tmpfs", ns.MS_NOSUID | ns.MS_NODEV, "mode=0755")


def first_process(arguments: argparse.Namespace, working_directory: str) -> int:
    """Process 1 of the box: builds it, runs the command, reaps what is orphaned. Its end is the end of all."""
    socket.sethostname("box")
    ns.loopback_up()
    if arguments.apart:
        set_apart()
    else:
        os.chroot(build(arguments.copied, arguments.writable))
        os.chdir(working_directory if os.path.isdir(working_directory) else "/")
    ns.drop_capabilities(ns.GLOBAL_CAPABILITIES.values())
    environment = ENVIRONMENT | {"LATCHKEY_BOX": "apart" if arguments.apart else "1"}
    environment |= {name: os.environ[name] for name in LET_IN if name in os.environ}
    child = os.fork()
    if child == 0:
        try:
            os.execvpe(arguments.command[0], arguments.command, environment)
        except OSError as error:
            print(f"box: {arguments.command[0]}: {error.strerror}", file=sys.stderr)
        os._exit(127)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: os.kill(child, received))
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def main() -> int:
    parser = argparse.ArgumentParser(prog="enter.py")
    parser.add_argument("--copied", action="append", default=[], type=os.path.realpath)
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--writable", action="append", default=[], type=os.path.realpath)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.command[:1] == ["--"]:
        del arguments.command[0]
    if not arguments.command:
        parser.error("no command")
    if os.geteuid() != 0:
        print("box: needs root", file=sys.stderr)
        return 2
    working_directory = os.getcwd()
    ns.die_with_parent(signal.SIGKILL)
    try:
        ns.unshare(FLAGS)
    except OSError as error:
        print(f"box: {error}", file=sys.stderr)
        return 2
    child = os.fork()
    if child == 0:
        ns.die_with_parent(signal.SIGKILL)
        status = 2
        try:
            status = first_process(arguments, working_directory)
        except OSError as error:
            print(f"box: {error}", file=sys.stderr)
        sys.stdout.flush()
        os._exit(status)
    # The box hears of a polite end from us; an impolite one the kernel passes on (die_with_parent).
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: os.kill(child, received))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
