# SPDX-License-Identifier: Apache-2.0
"""Daemons that are stopped, hung, killed or missing: no token gets in without a verdict, the break-glass names always do,
and sshd lives on."""

import json
import os
import signal
import socket

import pytest

from box import accounts, clients, files, pam, sshd, units

GROUPS = ["corp-developers", "corp-operators"]


def break_glass_opens(host) -> None:
    assert clients.key_login(accounts.ROOT).out == "root\n"
    assert clients.key_login(accounts.RESCUE).out == "rescue\n"
    terminal = clients.terminal(accounts.RESCUE, ["/usr/bin/sudo", "-k", "id", "-u"])
    terminal.expect("assword")
    terminal.sendline(accounts.RESCUE.password)
    terminal.expect("\r\n0\r\n")
    terminal.close()


def nobody_else_gets_in(host, token: str) -> None:
    done = clients.ssh(token, "alice")
    assert done.status == 255 and "uid=" not in done.out
    done = clients.key_login(accounts.ALICE)
    assert done.status == 255 and "alice" not in done.out


@pytest.fixture
def bound(host):
    """alice has signed in once, so that a key would open her account."""
    assert clients.ssh(host.provider.token("alice", GROUPS), "alice", "true").status == 0
    assert clients.key_login(accounts.ALICE).out == "alice\n"
    return host


def test_latchkeyd_stopped_and_its_sockets_gone(bound):
    token = bound.provider.token("alice", GROUPS, size=3000)
    bound.latchkeyd.stop()
    for listener in bound.sockets.values():
        listener.close()
    nobody_else_gets_in(bound, token)
    break_glass_opens(bound)
    bound.start()
    assert clients.ssh(token, "alice", "true").status == 0


def test_latchkeyd_killed_while_the_service_manager_keeps_its_sockets(bound):
    token = bound.provider.token("alice", GROUPS, size=3000)
    bound.latchkeyd.kill()
    nobody_else_gets_in(bound, token)
    break_glass_opens(bound)
    bound.latchkeyd.start()
    assert clients.ssh(token, "alice", "true").status == 0


def test_latchkeyd_hung_is_refused_at_the_deadline_and_sshd_lives_on(bound):
    token = bound.provider.token("alice", GROUPS, size=3000)
    bound.latchkeyd.signal(signal.SIGSTOP)
    nobody_else_gets_in(bound, token)
    break_glass_opens(bound)
    assert bound.sshd.running()
    bound.latchkeyd.signal(signal.SIGCONT)
    assert clients.ssh(token, "alice", "true").status == 0


def test_latchkeyd_killed_while_a_prompt_is_open(bound):
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/ssh", f"alice@{clients.HOST}", "id"])
    session.expect(r"\[latchkey/1 1/\? 1000\]: ")
    bound.latchkeyd.kill()
    session.sendline(bound.provider.token("alice", GROUPS, size=700))
    session.expect(["Permission denied", "closed", r"\[latchkey"])
    session.close(force=True)
    bound.latchkeyd.start()
    assert clients.ssh(bound.provider.token("alice", GROUPS), "alice", "true").status == 0


def test_a_restart_forgets_no_login_no_binding_and_no_key(bound):
    path = clients.token_file(bound.provider.token("alice", GROUPS, size=3000))
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/latchkey", "ssh", "-tt", f"alice@{clients.HOST}"],
                               {"BEARER_TOKEN_FILE": path})
    session.sendline("echo as-$(id -un)")
    session.expect("as-alice")
    assert bound.logins_become(1)
    bound.provider.stop()
    bound.latchkeyd.stop()
    bound.fetchd.stop()
    bound.latchkeyd.start()
    status = bound.status()
    assert (status["logins"], status["bindings"]) == (1, 1)
    assert clients.key_login(accounts.ALICE).out == "alice\n"
    assert clients.ssh(bound.provider.token("alice", GROUPS), "alice", "true").status == 0
    session.sendline("exit")
    session.expect("closed")
    session.wait()
    assert bound.logins_become(0)


def test_a_killed_latchkeyd_has_every_binding_that_it_gave_a_verdict_on(host):
    assert clients.ssh(host.provider.token("alice", GROUPS), "alice", "true").status == 0
    host.latchkeyd.kill()
    host.latchkeyd.start()
    assert clients.key_login(accounts.ALICE).out == "alice\n"


def test_fetchd_stopped_known_keys_serve_on(bound):
    bound.fetchd.kill()
    assert clients.ssh(bound.provider.token("alice", GROUPS), "alice", "true").status == 0
    assert clients.ssh(bound.provider.token("bob", GROUPS), "bob", "true").status == 0


def test_fetchd_hung_known_keys_serve_on_and_an_unknown_key_is_refused(bound):
    bound.fetchd.signal(signal.SIGSTOP)
    bound.provider.rotate()
    done = clients.ssh(bound.provider.token("alice", GROUPS), "alice")
    assert done.status == 255
    bound.fetchd.signal(signal.SIGCONT)


def wish_for_keys(path: str) -> socket.socket:
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    caller.connect(path)
    caller.sendall(json.dumps({"method": "io.latchkey.Control.RefreshKeys", "parameters": {}}).encode() + b"\0")
    return caller


def is_answered(caller: socket.socket) -> bool:
    try:
        return caller.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""
    except BlockingIOError:
        return False


def test_callers_that_hang_up_while_fetchd_hangs_keep_root_from_no_place(bound):
    bound.fetchd.signal(signal.SIGSTOP)
    try:
        callers = [wish_for_keys(bound.sockets["control"].path)]
        bound.status()  # the wish was read by then
        while is_answered(callers[0]):  # for the second that is min_fetch_interval here
            callers[0].close()
            callers[0] = wish_for_keys(bound.sockets["control"].path)
            bound.status()
        callers += [wish_for_keys(bound.sockets["control"].path) for _ in range(62)]
        bound.status()  # the last of root's 64 places
        callers.append(wish_for_keys(bound.sockets["control"].path))
        assert not any(is_answered(caller) for caller in callers)
        for caller in callers:
            caller.close()
        assert bound.ctl("status", check=False).returncode == 0
        assert bound.ctl("reload", check=False).returncode == 0
    finally:
        bound.fetchd.signal(signal.SIGCONT)


def test_no_keys_were_ever_had(host):
    host.halt()
    host.provider.stop()
    host.latchkeyd.start()
    done = clients.ssh(host.provider.token("alice", GROUPS), "alice")
    assert done.status == 255
    assert host.refusal(done.said)[0] == "keys_missing"


def test_the_modules_file_is_missing(bound):
    token = bound.provider.token("alice", GROUPS, size=3000)
    os.rename(bound.module, f"{bound.module}.away")
    try:
        nobody_else_gets_in(bound, token)
        break_glass_opens(bound)
    finally:
        os.rename(f"{bound.module}.away", bound.module)
    assert clients.ssh(token, "alice", "true").status == 0


def test_exempt_alone_lets_root_and_rescue_in_with_a_dead_daemon(bound):
    def without_bypass(_, text):
        return "\n".join(line for line in text.splitlines() if "pam_succeed_if" not in line) + "\n"
    sshd.install_stacks(without_bypass)
    bound.latchkeyd.kill()
    break_glass_opens(bound)
    nobody_else_gets_in(bound, bound.provider.token("alice", GROUPS))


def test_the_bypass_alone_lets_root_and_rescue_in_past_a_mistyped_option(bound):
    sshd.install_stacks(lambda _, text: text.replace("exempt=", "exmept="))
    break_glass_opens(bound)
    nobody_else_gets_in(bound, bound.provider.token("alice", GROUPS))


def test_a_dead_daemon_gives_libpam_no_code_that_opens_anything(bound):
    bound.latchkeyd.kill()
    for listener in bound.sockets.values():
        listener.close()
    with pam.Pam("sshd", "alice", rhost="127.0.0.1") as transaction:
        assert transaction.account() == pam.AUTHINFO_UNAVAIL
        assert transaction.authenticate() == pam.AUTHINFO_UNAVAIL


def test_a_socket_that_root_does_not_own_is_not_spoken_to(bound):
    bound.latchkeyd.stop()
    bound.sockets["pam"].close()
    units.os.makedirs("/run/latchkey", exist_ok=True)
    with units.socket.socket(units.socket.AF_UNIX, units.socket.SOCK_SEQPACKET) as impostor:
        impostor.bind("/run/latchkey/pam.sock")
        os.chown("/run/latchkey/pam.sock", accounts.BOB.uid, accounts.BOB.uid)
        impostor.listen()
        impostor.settimeout(0)
        with pam.Pam("sshd", "alice") as transaction:
            assert transaction.account() in (pam.AUTHINFO_UNAVAIL, 3)
        with pytest.raises(BlockingIOError):
            impostor.accept()


def test_without_a_service_manager_the_daemons_bind_their_sockets_themselves(host, tmp_path):
    tmp_path.chmod(0o700)  # the state folder belongs to whoever runs the daemon: root, here
    host.halt()
    for listener in host.sockets.values():
        listener.close()
    folder = host.folder
    fetchd = units.Process("own-fetchd", [host.fetchd.command[0], "--config", "/etc/latchkey/latchkey.yaml", "--socket",
                                          "/run/latchkey-fetch/fetch.sock"], f"{folder}/own-fetchd.log").start()
    latchkeyd = units.Process("own-latchkeyd", [host.latchkeyd.command[0], "--config", "/etc/latchkey/latchkey.yaml",
                                                "--state-dir", str(tmp_path), "--pam-socket", "/run/latchkey/pam.sock",
                                                "--control-socket", "/run/latchkey/control.sock", "--fetch-socket",
                                                "/run/latchkey-fetch/fetch.sock"], f"{folder}/own-latchkeyd.log").start()
    try:
        done = clients.ssh(host.provider.token("alice", GROUPS, size=3000), "alice", "id -un")
        assert (done.status, done.out) == (0, "alice\n"), done.said
    finally:
        latchkeyd.stop()
        fetchd.stop()
    files.must_be_in_box()
