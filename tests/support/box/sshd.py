# SPDX-License-Identifier: Apache-2.0
"""The real sshd of the box on 127.0.0.1:22, with Debian's sshd_config and the shipped drop-in, and its PAM stacks."""

import os
import shutil
import subprocess

from box import files, units

EXAMPLES = "/usr/share/doc/latchkey/examples"
STACKS = {"sshd": "sshd", "sudo": "sudo", "sudo-i": "sudo"}  # each service that has to have one, and its example
HOST_KEY = "/etc/ssh/box_host_ed25519"

_OF_THE_BOX = f"""\
ListenAddress 127.0.0.1
HostKey {HOST_KEY}
LogLevel VERBOSE
UseDNS no
PermitUserEnvironment no
PermitRootLogin prohibit-password
MaxStartups 100:30:200
"""


def install_sshd() -> None:
    """Debian's configuration file, the shipped drop-in as it is, and what only the box needs."""
    files.must_be_in_box()
    shutil.rmtree("/etc/ssh/sshd_config.d", ignore_errors=True)
    os.makedirs("/etc/ssh/sshd_config.d")
    if os.path.exists("/usr/share/openssh/sshd_config"):
        shutil.copy("/usr/share/openssh/sshd_config", "/etc/ssh/sshd_config")
    files.write("/etc/ssh/sshd_config.d/10-box.conf", _OF_THE_BOX)
    shutil.copy(f"{EXAMPLES}/sshd_config.d/latchkey.conf", "/etc/ssh/sshd_config.d/latchkey.conf")
    if not os.path.exists(HOST_KEY):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", HOST_KEY], check=True)
    os.makedirs("/run/sshd", 0o755, exist_ok=True)


def sshd(log: str) -> units.Process:
    """Not started yet. Debian's sshd tells a service manager when it listens."""
    return units.Process("sshd", ["/usr/sbin/sshd", "-D"], log)


def install_stacks(change=lambda service, text: text) -> None:
    """Puts the shipped stacks in place; `change(service, text)` may edit each of them."""
    files.must_be_in_box()
    for service, example in STACKS.items():
        files.write(f"/etc/pam.d/{service}", change(service, files.read(f"{EXAMPLES}/pam.d/{example}")))


def install_sudoers(more: str = "") -> None:
    files.must_be_in_box()
    shutil.rmtree("/etc/sudoers.d", ignore_errors=True)
    files.write("/etc/sudoers", "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\nrescue ALL=(ALL:ALL) ALL\n"
                                "@includedir /etc/sudoers.d\n", 0o440)
    files.write("/etc/sudoers.d/latchkey", files.read(f"{EXAMPLES}/sudoers.d/latchkey"), 0o440)
    if more:
        files.write("/etc/sudoers.d/test", more, 0o440)
    subprocess.run(["visudo", "-c", "-q"], check=True)
