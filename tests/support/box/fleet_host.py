# SPDX-License-Identifier: Apache-2.0
"""One host of a fleet, as a process: sockets, state and /run of its own, everything else the box's. Says "ready" when both
daemons are, and ends them and itself when its standard input does.

    python3 -m box.fleet_host FOLDER
"""

import os
import pwd
import signal
import sys

from box import files
from box import namespaces as ns
from box import units
from box.host import STATE


def main() -> None:
    files.must_be_in_box()
    folder = sys.argv[1]
    ns.die_with_parent(signal.SIGKILL)
    ns.unshare(ns.CLONE_NEWNS)
    ns.mount("", "/", flags=ns.MS_REC | ns.MS_PRIVATE)
    ns.mount("tmpfs", "/run", "tmpfs", ns.MS_NOSUID | ns.MS_NODEV, "mode=0755")
    ns.mount("tmpfs", STATE, "tmpfs", ns.MS_NOSUID | ns.MS_NODEV, "mode=0700")
    owner = pwd.getpwnam("latchkey")
    os.chown(STATE, owner.pw_uid, owner.pw_gid)
    sockets = {name: units.Socket(f"latchkey-{name}.socket") for name in ("pam", "control", "fetchd")}
    fetchd = units.from_unit("latchkey-fetchd", f"{folder}/fetchd.log", [sockets["fetchd"]], [])
    latchkeyd = units.from_unit("latchkeyd", f"{folder}/latchkeyd.log", [sockets["pam"], sockets["control"]], [])
    fetchd.start()
    latchkeyd.start()
    try:
        print("ready", latchkeyd.pid, fetchd.pid, flush=True)
        sys.stdin.read()
    finally:
        latchkeyd.stop()
        fetchd.stop()


if __name__ == "__main__":
    main()
