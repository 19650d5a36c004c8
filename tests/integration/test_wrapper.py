# SPDX-License-Identifier: Apache-2.0
"""Where the wrapper's token goes, with the real ssh: to the host that was asked for, and nowhere else."""

import shutil

import pexpect
import pytest

from box import accounts, clients, files

GROUPS = ["corp-developers"]
OWN = (clients.LAPTOP.uid, clients.LAPTOP.uid)


def asked_for(host, user: str) -> list[str]:
    """What became of the sign-ins. The end of a session of the test before may still come to the daemon of this one."""
    decisions = host.ctl_json("decisions", "--user", user)["decisions"]
    return [decision["reason"] for decision in decisions if decision["operation"] == "authenticate"]


def test_a_jump_host_that_asks_for_a_token_gets_none(host):
    token = host.provider.token("alice", GROUPS, size=1800)
    done = clients.ssh(token, "alice", options=("-J", "bob@other.example"))
    assert done.status == 255 and "uid=" not in done.out
    # The jump host asked and was given nothing of the token; the host behind it was never reached.
    assert asked_for(host, "bob") != [] and "user_mismatch" not in asked_for(host, "bob")
    assert asked_for(host, "alice") == []


@pytest.mark.parametrize("proxy", ["ssh", "/usr/local/bin/box-ssh"], ids=["ssh", "another ssh"])
def test_a_jump_host_that_bears_the_name_of_the_host_behind_it_gets_none(host, proxy):
    shutil.copy("/usr/bin/ssh", "/usr/local/bin/box-ssh")
    token = host.provider.token("alice", GROUPS, size=1800)
    done = clients.ssh(token, "alice", options=("-o", f"ProxyCommand {proxy} -W %h:22 alice@{clients.HOST}"))
    assert done.status == 255 and "uid=" not in done.out
    assert set(asked_for(host, "alice")) == {"token_missing"}


def test_through_a_jump_host_with_a_key_the_token_reaches_the_host_that_was_asked_for(host):
    key = clients.make_key(accounts.RESCUE)
    files.write(f"{clients.LAPTOP.home}/.ssh/config", "StrictHostKeyChecking yes\nUpdateHostKeys no\n"
                f"Host other.example\n  IdentityFile {key}\n", 0o600, OWN)
    token = host.provider.token("alice", GROUPS, size=1800)
    done = clients.ssh(token, "alice", "id -un", options=("-J", "rescue@other.example"))
    assert (done.status, done.out) == (0, "alice\n"), done.said


def test_a_host_that_the_users_configuration_does_not_list_gets_none(host):
    folder = f"{clients.LAPTOP.home}/.config/latchkey"
    files.make_folders(folder, OWN)
    files.write(f"{folder}/config.yaml", "hosts: [ '*.corp.example' ]\n", 0o600, OWN)
    token = host.provider.token("alice", GROUPS)
    done = clients.ssh(token, "alice")
    assert done.status == 255 and "uid=" not in done.out
    files.write(f"{folder}/config.yaml", f"hosts: [ '{clients.HOST}' ]\n", 0o600, OWN)
    assert clients.ssh(token, "alice", "true").status == 0


@pytest.mark.parametrize("tool, arguments", [
    ("ssh", ["alice@box.example", "id"]),
    ("scp", ["alice@box.example:x", "."]),
    ("sftp", ["alice@box.example"]),
    ("rsync", ["alice@box.example:x", "."]),
])
def test_a_refusal_is_told_once_and_nothing_is_asked_after_it(host, tool, arguments):
    done = clients.wrapped(tool, host.provider.token("bob", GROUPS), arguments)
    assert done.status != 0
    assert "user_mismatch" in done.err and "token_missing" not in done.err and "already given" not in done.err
    assert asked_for(host, "alice") == ["user_mismatch"]


def test_a_number_of_prompts_on_the_command_line_is_kept(host):
    done = clients.ssh(host.provider.token("bob", GROUPS), "alice", options=("-o", "numberOfPasswordPrompts=2"))
    assert done.status == 255
    assert len(asked_for(host, "alice")) == 2


def test_what_ssh_complains_of_is_said_once(host):
    done = clients.ssh(host.provider.token("alice", GROUPS), "alice", options=("-o", "Bogus=1"))
    assert done.status == 255
    assert done.err.count("bogus") == 1, done.err


def test_a_local_password_is_typed_at_the_terminal_and_is_not_ours_to_answer(host):
    host.with_config(lambda text: text + "unmanaged: [ dave ]\n")
    # dave's stack asks for a password alone: a prompt without our marker, on a host that the token would be good for.
    files.write("/etc/pam.d/sshd", "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n")
    path = clients.token_file(host.provider.token("dave", GROUPS, size=1800))
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/latchkey", "ssh", f"dave@{clients.HOST}", "id", "-un"],
                               {"BEARER_TOKEN_FILE": path})
    session.expect("Password: ")
    session.sendline(accounts.DAVE.password)
    session.expect("dave\r\n")
    session.close()


def test_a_password_is_not_shown_when_it_is_typed_after_a_stop_and_fg(host):
    host.with_config(lambda text: text + "unmanaged: [ dave ]\n")
    files.write("/etc/pam.d/sshd", "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n")
    path = clients.token_file(host.provider.token("dave", GROUPS, size=1800))
    session = clients.terminal(clients.LAPTOP, ["/bin/bash", "--norc"], {"BEARER_TOKEN_FILE": path, "PS1": "ready> "})
    session.expect("ready> ")
    session.sendline(f"latchkey ssh dave@{clients.HOST} id -un")
    session.expect("Password: ")
    session.sendcontrol("z")
    session.expect("Stopped.*ready> ")
    session.sendline("fg")
    session.expect("Password: ")
    session.sendline(accounts.DAVE.password)
    session.expect("dave\r\n")
    shown = session.before
    session.expect("ready> ")
    session.close(force=True)
    assert accounts.DAVE.password not in shown


def test_an_unknown_host_key_is_asked_about_at_the_terminal(host):
    files.write(f"{clients.LAPTOP.home}/.ssh/known_hosts", "", 0o600, OWN)
    files.write(f"{clients.LAPTOP.home}/.ssh/config", "UpdateHostKeys no\n", 0o600, OWN)
    path = clients.token_file(host.provider.token("alice", GROUPS, size=1800))
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/latchkey", "ssh", f"alice@{clients.HOST}", "id", "-un"],
                               {"BEARER_TOKEN_FILE": path})
    session.expect("continue connecting")
    session.sendline("yes")
    session.expect("alice\r\n")
    session.close()


def test_the_account_that_rsync_reads_from_its_environment_gets_the_token(host):
    files.write(f"{accounts.ALICE.home}/notes", "read by rsync\n", 0o644, (accounts.ALICE.uid,) * 2)
    done = clients.wrapped("rsync", host.provider.token("alice", GROUPS, size=1800), [f"{clients.HOST}:notes", "fetched"],
                           environment={"RSYNC_RSH": "ssh -l alice"})
    assert done.status == 0, done.said
    assert files.read(f"{clients.LAPTOP.home}/fetched") == "read by rsync\n"


def test_a_nested_wrapper_asks_about_an_unknown_host_key_at_the_terminal(host):
    files.write(f"{accounts.ALICE.home}/notes", "read by rsync\n", 0o644, (accounts.ALICE.uid,) * 2)
    files.write(f"{clients.LAPTOP.home}/.ssh/known_hosts", "", 0o600, OWN)
    files.write(f"{clients.LAPTOP.home}/.ssh/config", "UpdateHostKeys no\n", 0o600, OWN)
    path = clients.token_file(host.provider.token("alice", GROUPS, size=1800))
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/latchkey", "rsync", "-e", "latchkey ssh",
                                                f"alice@{clients.HOST}:notes", "fetched"], {"BEARER_TOKEN_FILE": path})
    session.expect("continue connecting")
    session.sendline("yes")
    session.expect(pexpect.EOF)
    session.close()
    assert session.exitstatus == 0, session.before


def test_an_empty_name_of_a_token_file_is_wrong_usage_and_not_the_token_of_somewhere_else(installed):
    for arguments in (["--token-file", "", "token"], ["ssh", "--token-file", "", "-V"], ["ssh", "--token-file=", "-V"]):
        done = clients.run_as(clients.LAPTOP, ["latchkey", *arguments], environment={"BEARER_TOKEN": "another"})
        assert (done.status, done.out) == (64, ""), arguments
        assert "--token-file" in done.err and "OpenSSH" not in done.err


def test_a_word_that_is_no_tool_is_wrong_usage_and_not_repeated(installed):
    for word in ("shs", "--verbsoe"):
        done = clients.run_as(clients.LAPTOP, ["latchkey", word])
        assert done.status == 64 and "no such command or option" in done.err and word not in done.err
