# SPDX-License-Identifier: Apache-2.0
"""What somebody would try so that a session outlives its revocation: through a real sshd and a real sudo, no logind."""

import json
import os
import pty
import signal
import socket

import pytest

from box import accounts, clients, files, forge, sshd
from test_sessions import NOTES, OPERATOR, calling_sudo, opened, revoke, running, until  # noqa: F401 (a fixture)

REFORK = """
import os, signal, time
def again(*_):
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.execvp("sleep", ["sleep", "86602"])
signal.signal(signal.SIGTERM, again)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print("in", flush=True)
nothing = os.open("/dev/null", os.O_RDWR)
for each in range(3):
    os.dup2(nothing, each)
while True:
    time.sleep(9)
"""


def over(host) -> int:
    """How many sessions latchkey-endd-signal has seen the last of."""
    return host.endd_signal.said().count("gone: login=")


def uids(pid: int) -> list[int]:
    """Of a process: the real one, the effective one, and two more."""
    return next([int(uid) for uid in line.split()[1:]] for line in files.read(f"/proc/{pid}/status").splitlines()
                if line.startswith("Uid:"))


def test_another_session_that_names_the_login_does_not_close_it(host, opened):
    alice = opened("alice", "echo in; exec sleep 86601")
    entry = host.ctl_json("sessions")["sessions"][0]["id"]
    path = f"{accounts.ALICE.home}/.pam_environment"
    files.write(path, f"LATCHKEY_LOGIN DEFAULT={entry}\n", 0o600, (accounts.ALICE.uid, accounts.ALICE.uid))
    try:
        assert clients.key_login(accounts.ALICE).status == 0
    finally:
        os.unlink(path)
    assert [each["id"] for each in host.ctl_json("sessions")["sessions"]] == [entry]
    assert entry in os.listdir(NOTES)
    revoke(host, alice)
    assert until(lambda: not running("sleep 86601"))


def test_an_account_that_was_removed_loses_its_session_with_its_token(host, opened):
    alice = opened("alice", "echo in; exec sleep 86603")
    before = files.read("/etc/passwd")
    try:
        files.write("/etc/passwd", "".join(line for line in before.splitlines(True) if not line.startswith("alice:")))
        host.latchkeyd.stop()
        host.latchkeyd.start()  # it looks at its start
        assert len(host.ctl_json("sessions")["sessions"]) == 1
        revoke(host, alice)
        assert until(lambda: not running("sleep 86603"))
    finally:
        files.write("/etc/passwd", before)


def test_what_forks_when_it_is_asked_to_end_is_killed(host, opened):
    script = f"{accounts.ALICE.home}/refork.py"
    files.write(script, REFORK, 0o644)
    alice = opened("alice", f"python3 {script}; true")
    before = over(host)
    revoke(host, alice)
    assert until(lambda: over(host) > before)
    assert not running("sleep 86602")
    os.unlink(script)


@pytest.mark.parametrize("trap", ["sleep 86604 & exit", "setsid -f sleep 86604; exit"])
def test_a_root_shell_of_sudo_is_not_asked_and_makes_nothing_that_survives(host, trap):
    inner = host.provider.token("alice", OPERATOR)
    host.with_config(lambda text: text + "sessions: { grace: 1s }\n")
    shell = f"trap '{trap}' TERM HUP; sleep 86605 & while :; do wait; done"
    with calling_sudo(inner, "bash", "-c", shell) as process:
        assert until(lambda: running("sleep 86605"))
        before = over(host)
        host.ctl("revoke", "--jti", forge.claims_of(inner)["jti"], "--issuer", host.provider.issuer)
        process.wait(clients.DEADLINE_S)
    assert until(lambda: over(host) > before)
    assert not running("sleep 86604") and not running("sleep 86605")
    assert until(lambda: host.ctl_json("sessions")["sessions"] == [])


def test_a_sudo_as_another_user_ends_by_its_callers_token_and_that_users_session_lives_on(host, opened):
    bob = opened("bob", "echo in; exec sleep 86607")
    inner = host.provider.token("alice", OPERATOR)
    with calling_sudo(inner, "-u", "bob", "sleep", "86606") as process:
        assert until(lambda: running("sleep 86606") and len(host.ctl_json("sessions")["sessions"]) == 2)
        leader = next(each["pid"] for each in host.ctl_json("sessions")["sessions"] if each["service"] == "sudo")
        assert uids(leader)[:2] == [accounts.ALICE.uid, 0] and uids(running("sleep 86606")[0])[0] == accounts.BOB.uid
        host.ctl("revoke", "--jti", forge.claims_of(inner)["jti"], "--issuer", host.provider.issuer)
        process.wait(clients.DEADLINE_S)
    assert until(lambda: not running("sleep 86606"))
    assert bob.lives() and running("sleep 86607")
    assert any("signalled:" in line and "service=sudo user=alice" in line for line in host.endd_signal.said().splitlines())


@pytest.mark.parametrize("started_by", [None, accounts.BOB], ids=["by nobody", "by bob in a login of his"])
def test_without_pam_loginuid_a_session_is_its_sshds_childs_and_not_of_who_started_sshd(host, opened, started_by):
    sshd.install_stacks(lambda service, text: "".join(line for line in text.splitlines(True) if "pam_loginuid" not in line))
    command = host.sshd.command
    host.sshd.stop()
    if started_by:
        host.sshd.command = ["/bin/sh", "-c", f"echo {started_by.uid} >/proc/self/loginuid; exec /usr/sbin/sshd -D"]
    try:
        host.sshd.start()
        alice, bob = opened("alice", "echo in; exec sleep 86608"), opened("bob", "echo in; exec sleep 86609")
        pids = {each["user"]: each["pid"] for each in host.ctl_json("sessions")["sessions"]}
        if started_by:
            assert int(files.read(f"/proc/{pids['alice']}/loginuid")) == started_by.uid
        revoke(host, alice)
        assert until(lambda: not running("sleep 86608"))
        assert bob.lives() and running("sleep 86609")
        assert f"user=alice uid={accounts.ALICE.uid} pid={pids['alice']}" in host.endd.said()
        revoke(host, bob)
    finally:
        host.sshd.stop()
        host.sshd.command = command
        host.sshd.start()


@pytest.mark.parametrize("become, uid", [("sudo -u bob bash --norc", accounts.BOB.uid), ("sudo -u root bash --norc", 0)])
def test_a_shell_of_login_that_becomes_another_user_ends_all_the_same(host, become, uid):
    stack = "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_{}.so\n"
    files.write("/etc/pam.d/login", stack.format("loginuid"))
    files.write("/etc/pam.d/sudo", stack.format("permit"))
    # Of a sudo that waits for nothing and becomes its command.
    sshd.install_sudoers("Defaults !pam_session, !pam_setcred, !use_pty\nalice ALL=(ALL) NOPASSWD: ALL\n")
    login = "c0ffee" + "0" * 26
    leader, terminal = pty.fork()
    if leader == 0:
        os.execv("/bin/login", ["login", "-f", "alice"])
    try:
        assert until(lambda: len(children(leader)) == 1 and uids(children(leader)[0])[0] == accounts.ALICE.uid)
        os.write(terminal, f"exec {become}\n".encode())
        assert until(lambda: uids(children(leader)[0])[:3] == [uid] * 3), "it did not become another"
        start = files.read(f"/proc/{leader}/stat").rpartition(")")[2].split()[19]
        files.write(f"{NOTES}/{login}", "latchkey-session 1\nservice=login\nuser=alice\nruser=\n"
                                        f"pid={leader}\nstart={start}\nend\n", 0o600)
        answer = ask_endd(host, {"login": login, "grace_s": 0, "cause": "revoked", "scope": "session"})
        assert answer.get("parameters", {}).get("outcome") == "ending", answer
        assert until(lambda: os.waitpid(leader, os.WNOHANG)[0] == leader)
        leader = 0
        assert f"user=alice uid={accounts.ALICE.uid}" in host.endd.said()
    finally:
        os.close(terminal)
        if os.path.exists(f"{NOTES}/{login}"):
            os.unlink(f"{NOTES}/{login}")  # its own; nobody asks latchkeyd for it
        if leader:
            os.kill(leader, signal.SIGKILL)
            os.waitpid(leader, 0)


def children(pid: int) -> list[int]:
    return [int(child) for child in files.read(f"/proc/{pid}/task/{pid}/children").split()]


def ask_endd(host, parameters: dict) -> dict:
    """As latchkeyd asks: varlink over endd's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.connect(host.sockets["endd"].path)
        link.sendall(json.dumps({"method": "io.latchkey.End.End", "parameters": parameters}).encode() + b"\0")
        said = b""
        while not said.endswith(b"\0"):
            more = link.recv(4096)
            assert more, said
            said += more
    return json.loads(said[:-1])
