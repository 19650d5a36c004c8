# SPDX-License-Identifier: Apache-2.0
"""Logins as people see them, in a box: ssh with a token over ssh with a key, sudo with a token over sudo with pam_permit,
the module in a fresh process over pam_permit. The cases of a group are alternated in one run, and medians and ratios of
that run are printed; nothing is asserted but that every login went well.

    bench/run end_to_end
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from box import accounts, clients, files, host as host_module, units  # noqa: E402

ROUNDS_SSH = int(os.environ.get("LATCHKEY_BENCH_SSH_ROUNDS", "20"))
ROUNDS_SUDO = int(os.environ.get("LATCHKEY_BENCH_SUDO_ROUNDS", "40"))
ROUNDS_PAM = os.environ.get("LATCHKEY_BENCH_PAM_ROUNDS", "300")
PERMIT = "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n"
PERMIT_PORT = 2222


def alternate(rounds: int, cases: dict) -> None:
    """Runs the cases in turn and prints their medians; the first case is the base of the ratios."""
    times = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, act in cases.items():
            started = time.monotonic()
            done = act()
            took = (time.monotonic() - started) * 1000
            if done.status != 0:
                raise RuntimeError(f"{name} failed: {done.status}\n{done.said}")
            if number:  # the first one warms the caches
                times[name].append(took)
    base = statistics.median(next(iter(times.values())))
    print(f"   {'case':34} {'p50 ms':>8} {'min ms':>8} {'ratio':>7}")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"   {name:34} {middle:8.1f} {min(values):8.1f} {middle / base:7.2f}", flush=True)


def permit_sshd(folder: str) -> units.Process:
    """The same sshd under another name, which is its PAM service, with stacks that let everybody in."""
    program = "/usr/sbin/sshd-permit"
    shutil.copy("/usr/sbin/sshd", program)
    files.write("/etc/pam.d/sshd-permit", PERMIT)
    return units.Process("sshd", [program, "-D", "-p", str(PERMIT_PORT)], f"{folder}/sshd-permit.log").start()


def measure_ssh(host, folder: str) -> None:
    token = host.provider.token("alice", ["corp-developers"], size=1543)
    key = clients.make_key(accounts.ALICE)
    listener = permit_sshd(folder)
    common = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    target = f"alice@{clients.HOST}"

    def with_key():
        return clients.run_as(clients.LAPTOP, ["ssh", *common, "-o", "BatchMode=yes", "-i", key, "-p", str(PERMIT_PORT),
                                               target, "true"])

    def keyboard_interactive():
        environment = {"SSH_ASKPASS": "/bin/true", "SSH_ASKPASS_REQUIRE": "force"}
        return clients.run_as(clients.LAPTOP, ["ssh", *common, "-o", "PubkeyAuthentication=no", "-p", str(PERMIT_PORT),
                                               target, "true"], environment=environment)

    def with_token():
        return clients.wrapped("ssh", token, [*common, "-o", "PubkeyAuthentication=no", target, "true"])

    try:
        alternate(ROUNDS_SSH, {"publickey, pam_permit": with_key, "keyboard-interactive, pam_permit": keyboard_interactive,
                               "latchkey ssh, token of 1543 bytes": with_token})
    finally:
        listener.stop()


def measure_sudo(host) -> None:
    files.write("/etc/pam.d/sudo-permit", PERMIT)
    files.write("/etc/sudoers.d/bench", "Defaults:dave pam_service=sudo-permit\ndave ALL=(ALL:ALL) ALL\n", 0o440)
    token = host.provider.token("alice", ["corp-developers", "corp-operators"], size=1543)
    path = f"{accounts.ALICE.home}/token"
    files.write(path, token + "\n", 0o600, (accounts.ALICE.uid, accounts.ALICE.uid))

    def permit():
        return clients.run_as(accounts.DAVE, ["sudo", "-k", "true"])

    def with_token():
        return clients.run_as(accounts.ALICE, ["latchkey", "sudo", "-k", "true"],
                              environment={"BEARER_TOKEN_FILE": path}, groups=(accounts.GROUPS["sre"],))

    alternate(ROUNDS_SUDO, {"sudo, pam_permit": permit, "latchkey sudo, 1543 bytes in parts": with_token})


def measure_module(host, build: str, folder: str) -> None:
    confdir = f"{folder}/pam.d"
    os.makedirs(confdir)
    files.write(f"{confdir}/permit", PERMIT)
    files.write(f"{confdir}/sshd", "auth required pam_latchkey.so\n")
    token = host.provider.token("alice", ["corp-developers"], size=900, algorithm="ES256")
    path = f"{folder}/token"
    files.write(path, token + "\n", 0o600)
    subprocess.run([f"{build}/bench/latchkey_pam_process", "--confdir", confdir, "--user", "alice", "--token-file", path,
                    "--rounds", ROUNDS_PAM, "permit", "sshd"], check=True)


def main() -> int:
    folder, build, module = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    host_module.install(build, module or None)
    host = host_module.Host(build, folder)
    try:
        host.reset()
        host.configure(host.config().replace("log_level: debug", "log_level: info"))
        host.reload()
        print("\nssh, whole process of the client, loopback")
        measure_ssh(host, folder)
        print("\nsudo, whole process")
        measure_sudo(host)
        print("\nthe module in a fresh process: start, authenticate, end, loading included", flush=True)
        measure_module(host, build, folder)
    finally:
        host.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
