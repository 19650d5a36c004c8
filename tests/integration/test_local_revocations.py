# SPDX-License-Identifier: Apache-2.0
"""The local store of revocations: every kind, many at once, as text, and a disk that is full."""

import json
import os
import pwd
import subprocess
import time

import pexpect
import pytest

from box import clients, files, forge
from box import host as host_module

GROUPS = ["corp-developers"]


def ssh(host, token: str, user: str = "alice"):
    return clients.ssh(token, user, "id -un")


def lines(count: int, issuer: str) -> str:
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    return "".join(json.dumps({"kind": "token", "issuer": issuer, "value": f"{i:08x}-6a0b-4a53-9a3c-3f2f1c0d9b11", "end": end,
                               "reason": "stolen"}) + "\n" for i in range(count))


def imported(host, text: str) -> subprocess.CompletedProcess:
    return subprocess.run(["latchkeyctl", "revocations", "import"], input=text, capture_output=True, text=True, check=False,
                          timeout=600)


def test_every_kind_is_refused_by_its_reason_and_explained_by_the_local_store(host):
    by_hash, other = host.provider.token("alice", GROUPS), host.provider.token("alice", GROUPS, claims={"sid": "session-2"})
    session, signed = host.provider.token("alice", GROUPS, claims={"sid": "session-1"}), host.provider.token("alice", GROUPS, algorithm="ES256")
    assert ssh(host, signed).status == 0  # so that its key is known here, whatever was rotated before
    path = f"{host.folder}/token"
    files.write(path, by_hash + "\n", 0o600)
    host.ctl("revoke", "--token-file", path, "--reason", "found in a log")
    os.unlink(path)
    host.ctl("revoke", "--sid", "session-1", "--issuer", "corp")
    host.ctl("revoke", "--kid", forge.header_of(signed)["kid"], "--issuer", "corp")
    for token, reason in ((by_hash, "revoked_token"), (session, "revoked_session"), (signed, "revoked_key")):
        refusal = host.refusal(ssh(host, token).said)
        assert refusal[0] == reason
        assert "revoked by the local store" in host.explain(refusal[1])["detail"]
    assert ssh(host, other).status == 0
    assert by_hash not in host.ctl("revocations", "list").stdout


def test_what_ends_logs_in_again_and_survives_no_restart(host):
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    host.ctl("revoke", "--user", "alice", "--until", end)
    token = host.provider.token("alice", GROUPS)
    assert host.refusal(ssh(host, token).said)[0] == "revoked_user"
    deadline = time.monotonic() + clients.DEADLINE_S
    while True:
        host.halt()
        host.start()
        if ssh(host, token).status == 0:
            break
        assert time.monotonic() < deadline


def test_many_go_in_as_text_and_come_out_again(host, record_testsuite_property):
    count = int(os.environ.get("LATCHKEY_REVOCATIONS", "20000"))
    bad, good = host.provider.token("alice", GROUPS), host.provider.token("alice", GROUPS)
    claims = forge.claims_of(bad)
    text = lines(count - 1, claims["iss"]) + json.dumps({"kind": "token", "issuer": claims["iss"], "value": claims["jti"]}) + "\n"
    began = time.monotonic()
    done = imported(host, text)
    record_testsuite_property(f"seconds for {count} lines", round(time.monotonic() - began, 1))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{count} revocations imported; in force\n", "")
    assert host.refusal(ssh(host, bad).said)[0] == "revoked_token" and ssh(host, good).status == 0
    with open(f"/proc/{host.latchkeyd.pid}/status", encoding="utf-8") as file:
        memory = next(line.split()[1] for line in file if line.startswith("VmRSS"))
    record_testsuite_property("kB of the daemon", memory)
    began = time.monotonic()
    out = host.ctl("revocations", "export").stdout
    record_testsuite_property("seconds to export them", round(time.monotonic() - began, 1))
    assert len(out.splitlines()) == count and claims["jti"] in out.splitlines()[-1]
    began = time.monotonic()
    host.halt()
    host.start()
    status = host.status()
    record_testsuite_property("seconds to restart with them", round(time.monotonic() - began, 1))
    assert status["revocations"] == count
    assert host.refusal(ssh(host, bad).said)[0] == "revoked_token"
    # The same text again changes nothing.
    assert imported(host, "\n".join(text.splitlines()[:500])).returncode == 0
    assert host.status()["revocations"] == count


def test_an_import_at_a_terminal_shows_how_far_it_is_and_one_in_a_pipe_shows_nothing(host):
    path = f"{host.folder}/revocations.jsonl"
    files.write(path, lines(2_000, host.provider.issuer), 0o600)
    piped = host.ctl("revocations", "import", path)
    assert "%" not in piped.stdout + piped.stderr
    child = pexpect.spawn("latchkeyctl", ["revocations", "import", path], encoding="utf-8", timeout=clients.DEADLINE_S)
    child.expect(r"\[#* *\] +\d+ %  \d+ lines")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    os.unlink(path)


@pytest.fixture
def small_disk(host):
    """The state folder on a file system of its own, which holds little."""
    host.halt()
    host.forget()
    owner = pwd.getpwnam("latchkey")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=2m,mode=0700,uid={owner.pw_uid},gid={owner.pw_gid}", "small",
                    host_module.STATE], check=True)
    host.start()
    yield host
    host.halt()
    subprocess.run(["umount", host_module.STATE], check=True)


def test_a_full_disk_refuses_with_its_reason_and_loses_nothing_that_was_acknowledged(small_disk):
    host = small_disk
    token = host.provider.token("alice", GROUPS)
    assert ssh(host, token).status == 0  # her name is bound from now on
    done = imported(host, lines(50_000, host.provider.issuer))
    assert done.returncode == 1
    assert "the state store cannot be written: " in done.stderr and "full" in done.stderr
    count = int(done.stderr.splitlines()[-1].removeprefix("latchkeyctl: ").split()[0])
    assert 0 < count < 50_000
    single = host.ctl("revoke", "--user", "mallory" * 40, "--reason", "x" * 1_000, check=False)
    accepted = 0
    while single.returncode == 0 and accepted < 1_000:
        accepted += 1
        single = host.ctl("revoke", "--user", f"mallory{accepted}" * 30, "--reason", "x" * 1_000, check=False)
    assert single.returncode == 1 and "full" in single.stderr and not single.stdout
    assert host.status()["revocations"] == count + accepted
    assert "full" in host.status()["state_error"]
    assert ssh(host, token).status == 0, "logins go on"
    host.halt()
    host.start()
    assert host.status()["revocations"] == count + accepted
    subprocess.run(["mount", "-o", "remount,size=64m", host_module.STATE], check=True)
    host.ctl("revoke", "--user", "mallory")
    assert imported(host, lines(50_000, host.provider.issuer)).returncode == 0
    assert host.status()["revocations"] == 50_001 + accepted
