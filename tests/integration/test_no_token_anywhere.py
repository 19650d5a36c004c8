# SPDX-License-Identifier: Apache-2.0
"""Tokens are secrets: in no log, journal, state file, argument, environment or lasting memory is any part of one."""

import glob
import os
import signal

import pytest

from box import clients, files

GROUPS = ["corp-developers", "corp-operators"]


def test_the_search_finds_what_is_planted(host, tmp_path):
    token = host.provider.token("alice", GROUPS, size=3000)
    for start in (token.index(".") + 1, token.rindex(".") + 1, len(token) - 40):  # the middle is padding
        (tmp_path / "log").write_text(f"debug: got {token[start:start + 40]}\n")
        assert len(host.search.in_tree(str(tmp_path))) == 1
    (tmp_path / "log").write_text("debug: nothing of it here\n")
    assert host.search.in_tree(str(tmp_path)) == []


def test_no_process_has_a_token_in_its_arguments_or_environment(host):
    host.latchkeyd.signal(signal.SIGSTOP)
    path = clients.token_file(host.provider.token("alice", GROUPS, size=3000))
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/latchkey", "ssh", f"alice@{clients.HOST}", "read held"],
                               {"BEARER_TOKEN_FILE": path})
    host.latchkeyd.signal(signal.SIGCONT)
    found = []
    while session.isalive():
        found += host.search.in_processes()
        if host.status()["logins"] == 1:
            break
    found += host.search.in_processes()
    session.close(force=True)
    assert found == []


def test_what_the_users_ssh_configuration_runs_inherits_no_token(host):
    seen = f"{clients.LAPTOP.home}/seen"
    files.write(f"{clients.LAPTOP.home}/.ssh/config", "StrictHostKeyChecking yes\nUpdateHostKeys no\n"
                f'Match exec "env >>{seen}"\n', 0o600, (clients.LAPTOP.uid,) * 2)
    done = clients.run_as(clients.LAPTOP, ["latchkey", "ssh", f"alice@{clients.HOST}", "true"],
                          environment={"BEARER_TOKEN": host.provider.token("alice", GROUPS, size=3000)})
    environment = files.read(seen)
    os.unlink(seen)
    assert done.status == 0, done.said
    assert "HOME=" in environment and "BEARER_TOKEN" not in environment


def test_the_wrapper_leaves_no_file_behind(host):
    token = host.provider.token("alice", GROUPS, size=3000)
    assert clients.ssh(token, "alice", "true").status == 0
    assert glob.glob("/tmp/latchkey.*") == []
    os.unlink(f"{clients.LAPTOP.home}/token")
    for folder in ("/tmp", "/var/tmp", "/run", "/dev/shm", "/home"):
        assert host.search.in_tree(folder) == []


def test_the_daemon_remembers_no_token_once_it_has_answered(host):
    for size in (700, 3000, 16000):
        assert clients.ssh(host.provider.token("alice", GROUPS, size=size), "alice", "true").status == 0
    assert clients.by_paramiko(host.provider.token("alice", GROUPS, size=60000), "alice", "true").status == 0
    assert clients.paste(host.provider.token("alice", GROUPS, size=3000), "alice").status == 255
    assert host.search.in_memory(host.latchkeyd.pid) == []


@pytest.mark.afterwards
def test_no_log_journal_or_state_file_of_the_session_holds_a_part_of_a_token(machine):
    machine.halt()
    assert len(machine.search) > 0
    assert machine.leaks == []
    assert machine.search.in_tree(machine.folder) == []
