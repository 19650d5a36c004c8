# SPDX-License-Identifier: Apache-2.0
"""Sessions end: a real sshd and a real sudo, no logind, and what becomes of those who are signed in."""

import contextlib
import glob
import os
import signal
import subprocess
import time

import pytest

from box import accounts, clients, files, forge
from box.sessions import DEVELOPER, Session, until

OPERATOR = ["corp-developers", "corp-operators"]
GRACE = "sessions: { grace: 1s }\n"
NOTES = "/run/latchkey-sessions"


@pytest.fixture
def opened(host):
    """Opens sessions that are gone after the test."""
    host.with_config(lambda text: text + GRACE)
    made = []

    def opens(*arguments, **more) -> Session:
        made.append(Session(host, *arguments, **more))
        return made[-1]

    yield opens
    for session in made:
        session.close()
    assert until(lambda: set(os.listdir(NOTES)) <= {each["id"] for each in host.ctl_json("sessions")["sessions"]})
    assert host.logins_become(0)


def running(words: str) -> list[int]:
    """Processes whose command line is these words."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            if files.read(path).replace("\0", " ").strip() == words:
                found.append(int(path.split("/")[2]))
        except OSError:
            pass
    return found


def revoke(host, session) -> float:
    """The seconds from the command to the end of the session."""
    started = time.monotonic()
    host.ctl("revoke", "--jti", session.jti, "--issuer", host.provider.issuer)
    session.wait()
    return time.monotonic() - started


def sudo(host, token, command=("id", "-u")):
    path = f"{accounts.ALICE.home}/token"
    files.write(path, token + "\n", 0o600, (accounts.ALICE.uid, accounts.ALICE.uid))
    return clients.run_as(accounts.ALICE, ["latchkey", "sudo", "-k", *command], environment={"BEARER_TOKEN_FILE": path},
                          groups=(accounts.GROUPS["sre"],))


@contextlib.contextmanager
def calling_sudo(token: str, *arguments: str):
    """A sudo of alice's that goes on; where the test fails it does not outlive it."""
    path = f"{accounts.ALICE.home}/token"
    files.write(path, token + "\n", 0o600, (accounts.ALICE.uid, accounts.ALICE.uid))
    process = subprocess.Popen(
        ["latchkey", "sudo", "-k", *arguments], user=accounts.ALICE.uid, group=accounts.ALICE.uid,
        extra_groups=(accounts.GROUPS["sre"],), cwd=accounts.ALICE.home, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"HOME": accounts.ALICE.home, "USER": "alice", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "BEARER_TOKEN_FILE": path})
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_revoked_token_loses_its_session_its_next_ssh_and_its_next_sudo_and_nobody_elses(host, opened):
    alice = opened("alice", "echo in; exec sleep 86401", groups=OPERATOR)
    bob = opened("bob", "echo in; exec sleep 86402")
    assert len(host.ctl_json("sessions")["sessions"]) == 2
    took = revoke(host, alice)
    print(f"\nfrom the command to the end of the session: {took:.2f} s, of which 1 s is the grace time")
    assert until(lambda: not running("sleep 86401"))
    done = clients.ssh(alice.token, "alice", "id")
    assert done.status == 255 and host.refusal(done.said)[0] == "revoked_token"
    done = sudo(host, alice.token)
    assert done.status != 0 and host.refusal(done.said)[0] == "revoked_token"
    assert bob.lives() and running("sleep 86402")
    assert [each["user"] for each in host.ctl_json("sessions")["sessions"]] == ["bob"]
    assert until(lambda: os.listdir(NOTES) == [host.ctl_json("sessions")["sessions"][0]["id"]])
    assert clients.ssh(host.provider.token("alice", DEVELOPER), "alice", "id -un").out == "alice\n"


@pytest.mark.parametrize("kind", ["user", "subject"])
def test_a_revoked_user_or_subject_loses_every_session(host, opened, kind):
    first, second, bob = opened("alice"), opened("alice"), opened("bob")
    subject = forge.claims_of(first.token)["sub"]
    host.ctl("revoke", *(["--user", "alice"] if kind == "user" else ["--subject", subject, "--issuer", host.provider.issuer]))
    first.wait()
    second.wait()
    assert bob.lives()


def test_what_was_put_into_the_background_ends_too(host, opened):
    alice = opened("alice", "nohup sleep 86403 >/dev/null 2>&1 </dev/null & echo in; exec sleep 86404")
    revoke(host, alice)
    assert until(lambda: not running("sleep 86403") and not running("sleep 86404"))


def test_what_does_not_heed_a_signal_is_killed(host, opened):
    alice = opened("alice", "trap '' TERM HUP; echo in; while :; do sleep 86405; done")
    revoke(host, alice)
    assert until(lambda: not running("sleep 86405"))


def test_a_sudo_ends_by_its_own_token_and_the_session_around_it_lives_on(host, opened):
    alice = opened("alice", groups=OPERATOR)
    inner = host.provider.token("alice", OPERATOR)
    with calling_sudo(inner, "sleep", "86406") as process:
        assert until(lambda: running("sleep 86406") and len(host.ctl_json("sessions")["sessions"]) == 2)
        started = time.monotonic()
        host.ctl("revoke", "--jti", forge.claims_of(inner)["jti"], "--issuer", host.provider.issuer)
        process.wait(clients.DEADLINE_S)
        print(f"\nfrom the command to the end of the sudo: {time.monotonic() - started:.2f} s, grace time 1 s")
    assert until(lambda: not running("sleep 86406"))
    assert alice.lives()
    assert until(lambda: [each["service"] for each in host.ctl_json("sessions")["sessions"]] == ["sshd"])


def test_the_person_is_told_on_the_terminal(host, opened):
    token = host.provider.token("alice", DEVELOPER)
    child = clients.terminal(clients.LAPTOP, ["latchkey", "ssh", "-tt", f"alice@{clients.HOST}", "echo in; sleep 86407"],
                             {"BEARER_TOKEN_FILE": clients.token_file(token)})
    child.expect("in\r\n")
    host.ctl("revoke", "--user", "alice")
    child.expect_exact("Latchkey: this session ends in 1 s: the sign-in that opened it was revoked.")
    child.expect(clients_eof())
    child.close()


def clients_eof():
    import pexpect
    return pexpect.EOF


def test_a_session_survives_the_daemon_and_is_ended_by_a_revocation_after_its_restart(host, opened):
    alice = opened("alice")
    before = host.ctl_json("sessions")["sessions"]
    host.latchkeyd.kill()
    host.latchkeyd.start()
    assert host.ctl_json("sessions")["sessions"] == before
    revoke(host, alice)


def test_without_endd_the_status_is_loud_and_the_session_ends_once_it_is_back(host, opened):
    alice = opened("alice")
    host.endd.stop()
    host.sockets["endd"].close()
    host.ctl("revoke", "--user", "alice")
    assert until(lambda: "sessions_error" in host.status())
    assert "latchkey-endd does not answer" in host.ctl("status").stdout
    assert host.ctl_json("sessions")["sessions"][0]["state"] == "not_ended"
    assert alice.lives()
    host.sockets["endd"].open()
    host.endd.start()
    alice.wait()
    assert until(lambda: "sessions_error" not in host.status())


def test_what_nobody_can_signal_is_not_ended_and_ends_once_somebody_can(host, opened):
    alice = opened("alice")
    host.endd_signal.stop()
    host.sockets["endd-signal"].close()
    host.ctl("revoke", "--user", "alice")
    assert until(lambda: host.ctl_json("sessions")["sessions"][0]["state"] == "not_ended")
    assert "1 session that should have ended live" in host.ctl("status").stdout
    assert "latchkey-endd-signal: " in host.latchkeyd.said()
    assert alice.lives()
    host.sockets["endd-signal"].open()
    host.endd_signal.start()
    alice.wait()
    assert until(lambda: "sessions_error" not in host.status())


def test_an_administrator_lists_and_ends_a_session(host, opened):
    alice, bob = opened("alice"), opened("bob")
    listed = {each["user"]: each for each in host.ctl_json("sessions")["sessions"]}
    entry = listed["alice"]
    assert (entry["service"], entry["state"], entry["token_id"], entry["rhost"]) == ("sshd", "open", alice.jti, "127.0.0.1")
    text = host.ctl("sessions").stdout
    assert entry["id"] in text and host.search.in_bytes(text.encode()) == []
    host.ctl("sessions", "end", entry["id"])
    alice.wait()
    assert bob.lives()
    missing = host.ctl("sessions", "end", "0" * 32, check=False)
    assert missing.returncode == 1 and "there is no session of that login" in missing.stderr
    assert clients.ssh(alice.token, "alice", "id -un").out == "alice\n"  # nothing was revoked


def test_a_rule_ends_its_sessions_when_their_token_expires(host, opened):
    host.with_config(lambda text: text.replace("    services: [ sshd ]\n", "    services: [ sshd ]\n    end_session_at_expiry: true\n")
                     .replace("leeway: 5s", "leeway: 0s") + GRACE)
    alice = opened("alice", options=("--lifetime", "4s"))
    alice.wait()
    assert any("expired" in line for line in host.latchkeyd.said().splitlines() if "a session is to end" in line)


def test_a_session_whose_process_was_killed_is_forgotten(host, opened):
    opened("alice")
    entry = host.ctl_json("sessions")["sessions"][0]
    assert entry["id"] in os.listdir(NOTES)
    os.kill(entry["pid"], signal.SIGKILL)
    host.latchkeyd.stop()
    host.latchkeyd.start()  # it looks at its start, and every minute
    assert until(lambda: host.ctl_json("sessions")["sessions"] == [])
    assert entry["id"] not in os.listdir(NOTES)


def test_a_session_that_was_closed_while_the_daemon_was_down_is_forgotten(host, opened):
    alice = opened("alice")
    entry = host.ctl_json("sessions")["sessions"][0]
    host.latchkeyd.kill()
    host.sockets["pam"].close()  # else what is told is heard after the start
    alice.close()
    assert until(lambda: entry["id"] not in os.listdir(NOTES) and not os.path.exists(f"/proc/{entry['pid']}"))
    host.sockets["pam"].open()
    host.latchkeyd.start()
    assert until(lambda: host.ctl_json("sessions")["sessions"] == [])
    assert "sessions_error" not in host.status()


def test_a_session_that_was_left_leaves_no_note(host, opened):
    done = clients.ssh(host.provider.token("alice", DEVELOPER), "alice", "echo $LATCHKEY_LOGIN")
    assert len(done.out) == 33, done.said
    assert host.logins_become(0)
    assert until(lambda: done.out.strip() not in os.listdir(NOTES))


def test_every_step_stands_in_the_journal_and_no_part_of_a_token(host, opened):
    alice = opened("alice")
    entry = host.ctl_json("sessions")["sessions"][0]
    revoke(host, alice)
    assert until(lambda: "a session has ended" in host.latchkeyd.said())
    for log, words in ((host.latchkeyd, ("a session is to end", "revoked_token")), (host.endd, ("told:", "ended:")),
                       (host.endd_signal, ("signalled:",))):
        lines = [line for line in log.said().splitlines() if entry["id"] in line]
        for word in words:
            assert any(word in line for line in lines), (log.name, word)
        assert host.search.in_bytes(log.said().encode()) == []
