# SPDX-License-Identifier: Apache-2.0
"""A real sudo: tokens in parts, rules of its own, and an account call that a timestamp does not silence."""

import re

import pexpect
import pytest

from box import accounts, clients, files, sshd

OPERATOR = ["corp-developers", "corp-operators"]
SRE = (accounts.GROUPS["sre"],)


def sudo(token: str, arguments=("id",), person=accounts.ALICE, **more) -> clients.Result:
    """`latchkey sudo` by somebody on this host whose session has the group that sudoers asks for."""
    path = f"{person.home}/token"
    files.write(path, token + "\n", 0o600, (person.uid, person.uid))
    return clients.run_as(person, ["latchkey", "sudo", *arguments], environment={"BEARER_TOKEN_FILE": path}, groups=SRE, **more)


def shell(person=accounts.ALICE):
    """A shell on a terminal of its own: sudo's timestamps hold for a terminal."""
    return clients.terminal(person, ["/bin/bash", "--norc"], {"PS1": "ready> "}, groups=SRE)


@pytest.mark.parametrize("size", [700, 1543, 3000, 16000])
def test_the_wrapper_carries_a_token_of_any_size_through_an_unmodified_sudo(host, size):
    done = sudo(host.provider.token("alice", OPERATOR, size=size))
    assert done.status == 0, done.said
    assert done.out.startswith("uid=0(root)")


def test_another_users_token_is_no_token_for_me(host):
    done = sudo(host.provider.token("bob", OPERATOR))
    assert done.status != 0
    assert host.refusal(done.said)[0] == "user_mismatch"


def test_a_good_token_that_no_rule_of_sudo_allows_is_refused_and_traced(host):
    done = sudo(host.provider.token("bob", ["corp-developers"]), person=accounts.BOB)
    assert done.status != 0 and "uid=0" not in done.out
    reason, request = host.refusal(done.said)
    assert reason == "access_denied"
    explained = host.explain(request)
    assert (explained["service"], explained["user"], explained["reason"]) == ("sudo", "bob", "access_denied")
    outcomes = {check["check"]: check["outcome"] for check in explained["checks"]}
    assert outcomes["signature"] == "passed" and outcomes["access"] == "failed"


def test_the_groups_of_an_ssh_session_open_sudo_in_it(host):
    token = host.provider.token("alice", OPERATOR, size=2000)
    path = f"{accounts.ALICE.home}/token"
    files.write(path, token + "\n", 0o600, (accounts.ALICE.uid, accounts.ALICE.uid))
    done = clients.ssh(token, "alice", f"BEARER_TOKEN_FILE={path} latchkey sudo id -u")
    assert (done.status, done.out.strip()) == (0, "0"), done.said


def test_sudo_as_another_user_asks_for_the_callers_token(host):
    done = sudo(host.provider.token("alice", OPERATOR), ("-u", "bob", "id", "-un"))
    assert (done.status, done.out) == (0, "bob\n"), done.said


def reason_of_account(host, user: str) -> str:
    """sudo shows no messages (PAM_SILENT) and account never prompts: its refusals are told to the administrator alone."""
    decisions = host.ctl_json("decisions", "--user", user)["decisions"]
    return next(decision["reason"] for decision in decisions if decision["operation"] == "account")


def test_within_its_timestamp_sudo_asks_for_no_token_and_still_hears_of_a_revocation(host):
    path = f"{accounts.ALICE.home}/token"
    files.write(path, host.provider.token("alice", OPERATOR, size=3000) + "\n", 0o600, (accounts.ALICE.uid,) * 2)
    terminal = shell()
    terminal.expect("ready> ")
    terminal.sendline(f"BEARER_TOKEN_FILE={path} latchkey sudo id -u; echo first=$?")
    terminal.expect(r"first=(\d+)")
    assert terminal.match[1] == "0", terminal.before
    terminal.sendline("sudo -n id -u; echo second=$?")
    terminal.expect(r"second=(\d+)")
    assert terminal.match[1] == "0", terminal.before
    host.ctl("revoke", "--user", "alice")
    terminal.sendline("sudo -n id -u; echo third=$?")
    terminal.expect(r"third=(\d+)")
    assert terminal.match[1] != "0"
    assert reason_of_account(host, "alice") == "revoked_user"
    terminal.close()


def test_nopasswd_does_not_pass_by_the_account_call(host):
    sshd.install_sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL\ncarol ALL=(ALL:ALL) NOPASSWD: ALL\n")
    assert clients.ssh(host.provider.token("alice", OPERATOR), "alice", "true").status == 0
    assert clients.run_as(accounts.ALICE, ["sudo", "-n", "id", "-u"]).out == "0\n"
    done = clients.run_as(accounts.CAROL, ["sudo", "-n", "id", "-u"])
    assert done.status != 0 and "uid=0" not in done.out and done.out != "0\n"
    assert reason_of_account(host, "carol") == "binding_missing"
    host.ctl("revoke", "--user", "alice")
    done = clients.run_as(accounts.ALICE, ["sudo", "-n", "id", "-u"])
    assert done.status != 0 and done.out != "0\n"
    assert reason_of_account(host, "alice") == "revoked_user"


def test_a_login_shell_of_sudo_does_not_pass_by_the_account_call(host):
    sshd.install_sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL\n")
    assert clients.ssh(host.provider.token("alice", OPERATOR), "alice", "true").status == 0
    assert clients.run_as(accounts.ALICE, ["sudo", "-n", "-i", "id", "-u"]).out == "0\n"
    host.ctl("revoke", "--user", "alice")
    done = clients.run_as(accounts.ALICE, ["sudo", "-n", "-i", "id", "-u"])
    assert done.status != 0 and done.out == ""
    assert reason_of_account(host, "alice") == "revoked_user"


def test_an_expired_local_password_opens_nothing_that_is_refused(host):
    # Debian's common-account ends the stack on "new token required": ours stands before it.
    sshd.install_sudoers("carol ALL=(ALL:ALL) NOPASSWD: ALL\n")
    shadow = files.read("/etc/shadow")
    files.write("/etc/shadow", re.sub(r"^carol:([^:]*):.*$", r"carol:\1:0:0:99999:7:::", shadow, flags=re.M), 0o640)
    try:
        done = clients.run_as(accounts.CAROL, ["sudo", "-n", "id", "-u"])
    finally:
        files.write("/etc/shadow", shadow, 0o640)
    assert done.status != 0 and "0\n" != done.out
    assert reason_of_account(host, "carol") == "binding_missing"


def test_without_a_wrapper_sudo_refuses_an_answer_that_is_longer_than_it_takes(host):
    terminal = clients.terminal(accounts.ALICE, ["/usr/bin/sudo", "-k", "id"], groups=SRE)
    terminal.expect(r"\[latchkey/1 1/\? 500\]: ")
    terminal.sendline(host.provider.token("alice", OPERATOR, size=1543))
    terminal.expect_exact(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus != 0
    assert "uid=0" not in terminal.before


def test_non_interactive_sudo_never_prompts_and_opens_nothing(host):
    done = clients.run_as(accounts.ALICE, ["sudo", "-n", "id", "-u"], groups=SRE)
    assert done.status != 0 and done.out == ""


def test_the_login_of_a_sudo_is_closed_when_the_command_ends(host):
    assert sudo(host.provider.token("alice", OPERATOR)).status == 0
    assert host.status()["logins"] == 0


def test_rescue_needs_a_password_and_no_token(host):
    terminal = clients.terminal(accounts.RESCUE, ["/usr/bin/sudo", "-k", "id", "-u"])
    terminal.expect("assword")
    terminal.sendline(accounts.RESCUE.password)
    terminal.expect("\r\n0\r\n")
    terminal.close()


def test_an_unmanaged_user_is_asked_for_a_password_only_where_the_bypass_lines_name_them(host):
    host.with_config(lambda text: text + "unmanaged: [ dave ]\n")
    sshd.install_sudoers("dave ALL=(ALL:ALL) ALL\n")
    terminal = clients.terminal(accounts.DAVE, ["/usr/bin/sudo", "-k", "id", "-u"])
    assert terminal.expect(["latchkey/1", "assword"]) == 0
    terminal.close(force=True)
    sshd.install_stacks(lambda service, text: text.replace("root:rescue", "root:rescue:dave"))
    terminal = clients.terminal(accounts.DAVE, ["/usr/bin/sudo", "-k", "id", "-u"])
    terminal.expect("assword")
    terminal.sendline(accounts.DAVE.password)
    terminal.expect("\r\n0\r\n")
    terminal.close()
