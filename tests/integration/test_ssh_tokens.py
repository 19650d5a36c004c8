# SPDX-License-Identifier: Apache-2.0
"""Tokens that open an SSH session, by every client and in every size."""

import re

import pytest

from box import accounts, clients, files

ALICE_GROUPS = ["corp-developers", "corp-operators"]


@pytest.mark.parametrize("size", [700, 1023, 1024, 1543, 3000, 16000])
def test_the_wrapper_carries_a_token_of_any_size_through_an_unmodified_ssh(host, size):
    token = host.provider.token("alice", ALICE_GROUPS, size=size)
    assert len(token) == size
    done = clients.ssh(token, "alice")
    assert done.status == 0, done.said
    assert "uid=2001(alice)" in done.out
    for group in ("developers", "sre", "docker"):
        assert f"({group})" in done.out


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA"])
def test_the_algorithm_is_the_keys(host, algorithm):
    done = clients.ssh(host.provider.token("alice", ALICE_GROUPS, algorithm=algorithm), "alice", "id -un")
    assert (done.status, done.out) == (0, "alice\n"), done.said


@pytest.mark.parametrize("size", [700, 1022, 1023])
def test_a_paste_under_the_cut_needs_no_wrapper(host, size):
    done = clients.paste(host.provider.token("alice", ALICE_GROUPS, size=size), "alice", "id -un")
    assert (done.status, done.out) == (0, "alice\n"), done.said


@pytest.mark.parametrize("size", [1024, 1543, 3000])
def test_a_paste_that_ssh_cuts_is_refused_with_a_text_that_says_so(host, size):
    done = clients.paste(host.provider.token("alice", ALICE_GROUPS, size=size), "alice")
    assert done.status == 255
    reason, request = host.refusal(done.said)
    assert reason == "token_cut"
    assert "latchkey ssh" in done.said and "1023" in done.said
    assert host.explain(request)["reason"] == "token_cut"


@pytest.mark.parametrize("size", [3000, 60000])
def test_a_client_that_cuts_nothing_gives_the_whole_token_at_once(host, size):
    done = clients.by_paramiko(host.provider.token("alice", ALICE_GROUPS, size=size), "alice")
    assert (done.status, done.out) == (0, "alice\n"), done.said


def test_the_prompt_ends_in_the_marker_that_helpers_look_for(host):
    clients.paste("x", "alice")
    assert re.search(r"\[latchkey/1 1/\? 1000\]: $", clients.prompts()[0])


def test_the_session_knows_its_login_and_nothing_of_the_token(host):
    done = clients.ssh(host.provider.token("alice", ALICE_GROUPS), "alice", "env")
    assert re.search(r"^LATCHKEY_LOGIN=[0-9a-f]{32}$", done.out, re.M), done.said
    assert host.search.in_bytes(done.out.encode()) == []


def test_groups_that_the_map_does_not_name_give_nothing(host):
    done = clients.ssh(host.provider.token("alice", ["corp-developers", "sudo", "docker", "root"]), "alice", "id -Gn")
    assert sorted(done.out.split()) == ["alice", "developers"], done.said


def test_scp_sftp_and_rsync_carry_files_both_ways(host):
    token = host.provider.token("alice", ALICE_GROUPS, size=3000)
    own = clients.LAPTOP.uid, clients.LAPTOP.uid
    text = "carried\n" * 1000
    files.write(f"{clients.LAPTOP.home}/out.txt", text, 0o644, own)
    target = f"alice@{clients.HOST}"
    for tool, arguments in (("scp", ["out.txt", f"{target}:by-scp"]), ("rsync", ["out.txt", f"{target}:by-rsync"])):
        done = clients.wrapped(tool, token, arguments)
        assert done.status == 0, done.said
        assert files.read(f"{accounts.ALICE.home}/by-{tool}") == text
    for tool, arguments in (("scp", [f"{target}:by-scp", "back-scp"]), ("rsync", [f"{target}:by-scp", "back-rsync"]),
                            ("sftp", [f"{target}:by-scp", "back-sftp"])):
        done = clients.wrapped(tool, token, arguments)
        assert done.status == 0, done.said
        assert files.read(f"{clients.LAPTOP.home}/back-{tool}") == text


def test_a_session_on_a_terminal_is_opened_and_closed(host):
    path = clients.token_file(host.provider.token("alice", ALICE_GROUPS, size=3000))
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/latchkey", "ssh", "-tt", f"alice@{clients.HOST}"],
                               {"BEARER_TOKEN_FILE": path})
    session.sendline("echo as-$(id -un)")
    session.expect("as-alice")
    assert host.logins_become(1)
    session.sendline("exit")
    session.expect("closed")
    session.wait()
    assert session.exitstatus == 0


def test_a_token_is_typed_at_the_terminal(host):
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/ssh", f"alice@{clients.HOST}", "id", "-un"])
    session.expect(r"\[latchkey/1 1/\? 1000\]: ")
    session.sendline(host.provider.token("alice", ALICE_GROUPS, size=700))
    session.expect("alice\r\n")
    session.wait()
    assert session.exitstatus == 0
