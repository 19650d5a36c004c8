# SPDX-License-Identifier: Apache-2.0
"""The kernel calls that a box is made of: unshare, mount, a loopback that is up, capabilities given away.

By ctypes, because Python 3.11 has no names for them and because a minimal Debian should not need more packages for a
test's walls than for the test. Each function raises OSError with the kernel's reason and the path.
"""

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38

# What a box may not do to the machine around it, which shares its clock, its kernel and its log.
GLOBAL_CAPABILITIES = {
    "mac_override": 32, "mac_admin": 33, "syslog": 34, "sys_module": 16, "sys_rawio": 17, "sys_boot": 22,
    "sys_time": 25, "wake_alarm": 35,
}
LAST_CAPABILITY = 40
CAPABILITIES = {"CAP_KILL": 5}  # that a shipped unit keeps

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    encode = lambda text: text.encode() if text else None
    _check(_libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)),
           f"mount {kind or 'bind'} {source} on {target}")


def bind(source: str, target: str) -> None:
    """Shows `source` at `target` too; directories and files alike, without the mounts below it."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="ascii"):
            pass
    mount(source, target, flags=MS_BIND)


def prctl(option: int, value: int) -> None:
    _check(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), 0, 0, 0), f"prctl {option} {value}")


def die_with_parent(signal_number: int) -> None:
    prctl(PR_SET_PDEATHSIG, signal_number)


def drop_capabilities(numbers) -> None:
    """Out of the bounding set: no program that is started from here, set-uid or not, ever has them."""
    for number in numbers:
        prctl(PR_CAPBSET_DROP, number)


ELSEWHERE = "192.0.2.77"  # an address of the box that is none of its loopback ones: somebody else, for who counts sources


def loopback_up() -> None:
    _loopback_up()
    _add_address(ELSEWHERE)


def _add_address(address: str) -> None:
    siocsifaddr = 0x8916
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, siocsifaddr, struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(address)))


def _loopback_up() -> None:
    siocgifflags, siocsifflags, iff_up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        name, flags = struct.unpack("16sH14x", fcntl.ioctl(control, siocgifflags, request))
        fcntl.ioctl(control, siocsifflags, struct.pack("16sH14x", name, flags | iff_up))
