# SPDX-License-Identifier: Apache-2.0
"""F14, F15: a state folder that is full, read-only or broken, and key caches that nobody wrote so. Verdicts go on from
memory; a cache that is not whole and our own is named, ignored and rebuilt, and a fifo makes nobody wait."""

import contextlib
import errno
import os
import pathlib
import subprocess
import time

import pytest

from box import namespaces as ns
from harness.world import STATE

CACHE = pathlib.Path(STATE, "keys/corp.json")


@contextlib.contextmanager
def own_file_system(world, size: str):
    """The state folder on a small file system of its own."""
    world.stop()
    owner = os.stat(STATE)
    ns.mount("tmpfs", STATE, "tmpfs", data=f"size={size},mode=0700")
    os.chown(STATE, owner.st_uid, owner.st_gid)
    try:
        yield
    finally:
        world.stop()
        subprocess.run(["umount", STATE], check=True)


def fill() -> None:
    with contextlib.suppress(OSError), open(f"{STATE}/filler", "wb", buffering=0) as file:
        while True:
            file.write(bytes(65536))
    with contextlib.suppress(OSError), open(f"{STATE}/filler", "ab", buffering=0) as file:
        while True:
            file.write(b"x")


@pytest.mark.parametrize("name, error_number", [("disk full", 0), ("read-only", errno.EROFS), ("I/O error", errno.EIO)])
def test_f14_state_that_cannot_be_written(running, world, corp, name, error_number):
    """A disk that is full is a real one; one that the kernel turned read-only, or that is broken, is the shim's."""
    def on_act() -> None:
        world.break_disk(error_number)
        if not error_number:
            fill()

    def off_act() -> None:
        world.break_disk(0)
        if not error_number:
            os.unlink(f"{STATE}/filler")

    with own_file_system(world, "16m"), running(corp) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        marks = world.marks()
        on = time.monotonic()
        on_act()
        try:
            traffic.seconds(3)
            if error_number:  # a database finds room in a full disk for as long as it has free pages of its own
                traffic.until(lambda: world.status().get("state_error"), "the trouble in status")
            traffic.until(lambda: "could not be stored" in world.said_since(marks), "the cache's trouble in the log")
        finally:
            off = time.monotonic()
            off_act()
        traffic.until(lambda: not world.status().get("state_error"), "the state written again")
        back = time.monotonic()
        traffic.seconds(1)
        scenario.finish(f"F14 state: {name}", quiet, on, off, back=back, requests=scenario.fetches(on, off),
                        requests_most=scenario.fetches_most(on, off))


def rewrite(change) -> None:
    CACHE.write_bytes(change(CACHE.read_bytes()))


def in_place_of_it(act) -> None:
    CACHE.unlink()
    act()


def flip(share: float):
    def change(data: bytes) -> bytes:
        at = int(share * (len(data) - 1))
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    return change


# Every byte and every length are tried in tests/unit/latchkeyd/key_cache_test.cc; here it is the whole daemon that meets
# some of them at its start.
CORRUPTIONS = {
    **{f"a bit flipped at {share:.0%}": lambda share=share: rewrite(flip(share)) for share in (0, 0.1, 0.5, 0.9, 1)},
    **{f"cut at {share:.0%}": lambda share=share: rewrite(lambda data: data[:int(share * len(data))])
       for share in (0, 0.3, 0.99)},
    "more at its end": lambda: rewrite(lambda data: data + b" {}"),
    "another's": lambda: os.chown(CACHE, 65534, 65534),
    "may be written by others": lambda: CACHE.chmod(0o666),
    "a link": lambda: in_place_of_it(lambda: CACHE.symlink_to("/etc/passwd")),
    "a link to a good one": lambda: (CACHE.rename(CACHE.with_name("good")), CACHE.symlink_to("good")),
    "a fifo": lambda: in_place_of_it(lambda: os.mkfifo(CACHE, 0o600)),
    "a folder": lambda: in_place_of_it(lambda: CACHE.mkdir(0o700)),
    "larger than any": lambda: rewrite(lambda data: data + b" " * (9 << 20)),
}


def test_f15_caches_that_nobody_wrote_so(running, world, corp):
    """The provider is away at each start, so that what is taken from the cache is seen; then it is back."""
    with running(corp, rate=200) as scenario:
        good = CACHE.read_bytes()
        owner = os.stat(CACHE)
        for name, corrupt in CORRUPTIONS.items():
            world.latchkeyd.stop()
            corp.provider.refuse()
            corrupt()
            marks = world.marks()
            world.latchkeyd.start()  # does not hang: it says that it is ready
            state = world.issuer()
            assert state["source"] == "none", (name, state)
            if name == "a folder":
                CACHE.rmdir()  # what an administrator has to do; nobody's folder is removed by itself
            assert "a stored key set is ignored and will be fetched anew" in world.said_since(marks), name
            scenario.traffic.until(lambda: world.issuer()["last_error"] is not None, f"{name}: an attempt that failed")
            asked = corp.provider.asked("/jwks")
            corp.provider.listen()
            scenario.settled_fetch()
            scenario.traffic.until(lambda: CACHE.is_file() and not CACHE.is_symlink(), f"{name}: the cache rebuilt")
            assert corp.provider.asked("/jwks") > asked
            assert os.stat(CACHE).st_uid == owner.st_uid and os.stat(CACHE).st_mode & 0o777 == 0o600, name
            assert world.issuer()["source"] == "fetched"
        world.latchkeyd.stop()
        corp.provider.refuse()
        world.latchkeyd.start()
        assert world.issuer()["source"] == "cache", "the last one rebuilt is a good one"
        assert len(CACHE.read_bytes()) == len(good)
        corp.provider.listen()
        scenario.settled_fetch()
