# SPDX-License-Identifier: Apache-2.0
"""Revocation streams end to end: written by latchkeyctl, carried by a real Redis with TLS, heeded by real ssh and sudo."""

import contextlib
import json
import subprocess
import time

import pytest

from box import files, forge, redis
from box.revocations import OPERATOR, entries, fresh, says, ssh, sudo
from box.streams import beat, becomes, revoke, source, take_up


def test_what_is_revoked_for_the_fleet_logs_in_nowhere_and_passes_no_sudo(following, server, record_testsuite_property):
    host = following
    bad, good = host.provider.token("alice", OPERATOR), host.provider.token("alice", OPERATOR)
    assert ssh(bad).status == 0 and ssh(bad).status == 0  # remembered by now
    began = time.monotonic()
    said = revoke(host, server, bad, "good", "--comment", "laptop 17 stolen").stdout
    sent = time.monotonic()
    becomes(host, entries(1))
    in_force = time.monotonic()
    refused = ssh(bad)
    record_testsuite_property("seconds from command to in force", round(in_force - began, 3))
    record_testsuite_property("seconds from command to its own end", round(sent - began, 3))
    record_testsuite_property("seconds from command to a refused ssh", round(time.monotonic() - began, 3))
    assert host.refusal(refused.said)[0] == "revoked_token"
    assert host.refusal(sudo(bad).said)[0] == "revoked_token"
    assert ssh(good).status == 0 and sudo(good).status == 0
    assert said.startswith("revoked token ") and "for the fleet of stream now" in said
    status = source(host)
    assert (status["kind"], status["state"], status["max_age_s"]) == ("stream", "fresh", 3600)
    assert "revocations now  (stream)" in host.ctl("status").stdout
    log = host.latchkeyd.said()
    assert "a revocation of a stream is in force" in log and "laptop 17 stolen" in log


def test_a_user_and_a_subject_are_revoked_and_no_other(following, server):
    host = following
    alice, bob = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    host.ctl("revoke", "--fleet", "--user", "bob", *server.writer())
    subject = forge.claims_of(alice)["sub"]
    answer = json.loads(host.ctl("--json", "revoke", "--fleet", "--subject", subject, "--issuer", "corp", *server.writer()).stdout)
    assert answer["stream"] == "now" and answer["kind"] == "subject" and answer["seq"] > 0 and "-" in answer["id"]
    becomes(host, entries(2))
    assert host.refusal(ssh(bob, "bob").said)[0].startswith("revoked")
    assert host.refusal(ssh(alice).said)[0].startswith("revoked")


def test_a_restart_of_both_daemons_with_redis_gone_forgets_nothing(following, server):
    host = following
    bad, good = host.provider.token("alice", OPERATOR), host.provider.token("alice", OPERATOR)
    revoke(host, server, bad)
    becomes(host, entries(1))
    server.stop()
    host.halt()
    host.start()
    status = becomes(host, says("connect"))
    assert status["state"] == "fresh"
    assert host.refusal(ssh(bad).said)[0] == "revoked_token"
    assert ssh(good).status == 0


def test_nothing_is_lost_over_a_disconnect_and_a_restart_of_redis(following, server):
    host = following
    first, second, third = (host.provider.token("alice", OPERATOR) for _ in range(3))
    revoke(host, server, first)
    becomes(host, entries(1))
    server.stop()
    becomes(host, says("lists.example"))
    refused = revoke(host, server, second, check=False)
    assert refused.returncode == 69 and "connect" in refused.stderr
    assert ssh(second).status == 0
    server.start()
    revoke(host, server, second)
    becomes(host, lambda status: entries(2)(status) and fresh(status))
    assert host.refusal(ssh(second).said)[0] == "revoked_token"
    server.admin("CLIENT", "KILL", "USER", "host")
    revoke(host, server, third)
    becomes(host, lambda status: entries(3)(status) and fresh(status))
    assert host.refusal(ssh(first).said)[0] == "revoked_token" and host.refusal(ssh(third).said)[0] == "revoked_token"


@pytest.fixture
def full_disk(server):
    """The writer's key on a file system of its own that has no room for notes; gives what frees it."""
    folder = server.folder / "full"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "full", str(folder)], check=True)
    key = folder / "good.jwk"
    key.write_bytes((server.folder / "good.jwk").read_bytes())
    key.chmod(0o600)
    filler = folder / "filler"
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    yield key, filler.unlink
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_under_the_notes_refuses_the_command_and_revokes_nothing(following, server, full_disk):
    host, (key, free) = following, full_disk
    token = host.provider.token("alice", OPERATOR)
    writer = ["--key", str(key), *server.writer()[2:]]
    before = server.admin("XLEN", redis.KEY)
    words = ("revoke", "--fleet", "--jti", forge.claims_of(token)["jti"], "--issuer", "corp", *writer)
    refused = host.ctl(*words, check=False)
    assert refused.returncode == 1 and "No space left" in refused.stderr and not refused.stdout
    assert server.admin("XLEN", redis.KEY) == before and ssh(token).status == 0
    free()
    host.ctl(*words)
    becomes(host, entries(1))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"


def test_what_is_written_while_the_host_is_down_is_read_when_it_comes_up(following, server):
    host = following
    token = host.provider.token("alice", OPERATOR)
    host.halt()
    revoke(host, server, token)
    host.start()
    becomes(host, entries(1))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"


def test_who_missed_what_was_trimmed_is_stale_and_says_so(following, server):
    host = following
    kept, missed, good = (host.provider.token("alice", OPERATOR) for _ in range(3))
    revoke(host, server, kept)
    becomes(host, entries(1))
    host.halt()
    revoke(host, server, missed)
    server.admin("XTRIM", redis.KEY, "MAXLEN", "0")
    host.start()
    status = becomes(host, says("trimmed"))
    assert status["state"] == "stale" and status["refuses"] == ["sudo", "sudo-i"]
    assert ssh(good).status == 0
    assert host.refusal(sudo(good).said)[0] == "revocation_unknown"
    assert host.refusal(ssh(kept).said)[0] == "revoked_token"


def test_an_item_that_somebody_deletes_is_noticed_by_the_next_one(following, server):
    host = following
    host.halt()
    revoke(host, server, host.provider.token("alice", OPERATOR))
    last = server.admin("XREVRANGE", redis.KEY, "+", "-", "COUNT", "1").splitlines()[0]
    # By whoever holds Redis, who also hides that anything was deleted.
    server.admin("XDEL", redis.KEY, last)
    host.ctl("revoke", "--fleet", "--user", "bob", *server.writer())
    host.start()
    status = becomes(host, says("incomplete"))
    assert status["state"] == "stale"
    assert host.refusal(ssh(host.provider.token("bob", OPERATOR), "bob").said)[0].startswith("revoked")


def test_a_wrong_password_is_named_and_a_right_one_counts_at_once(host, server):
    files.write(redis.PASSWORD_FILE, "not-the-password-of-anybody\n", 0o640)
    redis.secret_file(redis.PASSWORD_FILE, "not-the-password-of-anybody\n")
    beat(host, server)
    status = take_up(host, server, says("WRONGPASS"))
    assert status["state"] == "absent" and status["refuses"] == ["*"]
    token = host.provider.token("alice", OPERATOR)
    assert host.refusal(ssh(token).said)[0] == "revocation_unknown"
    redis.secret_file(redis.PASSWORD_FILE, redis.PASSWORDS["host"] + "\n")
    becomes(host, fresh)
    assert ssh(token).status == 0
    for daemon in (host.latchkeyd, host.fetchd):
        assert "not-the-password" not in daemon.said() and redis.PASSWORDS["host"] not in daemon.said()


def test_rights_that_are_taken_away_are_named_and_what_was_heard_stays(following, server):
    host = following
    bad = host.provider.token("alice", OPERATOR)
    revoke(host, server, bad)
    becomes(host, entries(1))
    server.admin("ACL", "SETUSER", "host", "-xread")
    server.admin("CLIENT", "KILL", "USER", "host")
    becomes(host, says("NOPERM"))
    assert host.refusal(ssh(bad).said)[0] == "revoked_token"
    server.admin("ACL", "SETUSER", "host", "+xread")
    becomes(host, fresh)
    server.admin("ACL", "SETUSER", "writer", "-xadd")
    refused = revoke(host, server, host.provider.token("alice", OPERATOR), check=False)
    assert refused.returncode == 1 and "NOPERM" in refused.stderr
    server.admin("ACL", "SETUSER", "writer", "+xadd")
    # What Redis said no to is no gap.
    revoke(host, server, host.provider.token("alice", OPERATOR))
    assert fresh(becomes(host, entries(2)))


def test_what_no_writer_signed_shuts_nobody_out(following, server):
    host = following
    token = host.provider.token("alice", OPERATOR)
    revoke(host, server, host.provider.token("alice", OPERATOR))
    becomes(host, entries(1))
    item = server.admin("XREVRANGE", redis.KEY, "+", "-", "COUNT", "1").splitlines()[-1]
    server.admin("XADD", redis.KEY, "*", "item", "nothing of the kind")
    becomes(host, says("form"))
    server.admin("XADD", redis.KEY, "*", "other", "x")
    becomes(host, says("form"))
    server.admin("XADD", redis.KEY, "*", "item", item[:-20] + ("A" if item[-20] != "A" else "B") + item[-19:])
    becomes(host, says("signature"))
    server.admin("XADD", redis.KEY, "*", "item", "x" * 100_000)
    becomes(host, lambda status: "bounds" in (status.get("last_error") or "") or "form" in (status.get("last_error") or ""))
    assert ssh(token).status == 0 and entries(1)(source(host))
    # An item that is served again is known.
    server.admin("XADD", redis.KEY, "*", "item", item)
    revoke(host, server, token)
    assert fresh(becomes(host, entries(2)))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"


def test_a_foreign_key_is_refused_here_and_by_the_writer_and_a_withdrawn_one_takes_its_items_along(following, server):
    host = following
    token = host.provider.token("alice", OPERATOR)
    refused = revoke(host, server, token, "other", check=False)
    assert refused.returncode == 1 and "none of the stream's keys" in refused.stderr
    # A writer with a configuration of his own.
    foreign = server.folder / "foreign.yaml"
    foreign.write_text(host.config() + server.section(keys=("other",)), encoding="utf-8")
    revoke(host, server, token, "other", "--config", str(foreign))
    becomes(host, says("key"))
    assert ssh(token).status == 0
    revoke(host, server, token)
    becomes(host, entries(1))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"
    take_up(host, server, entries(0), keys=("timer",))
    assert ssh(token).status == 0
    # The key comes back: all of the stream is read again.
    take_up(host, server, entries(1))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"


def test_a_certificate_that_nobody_trusts_never_sees_the_password(host, server):
    beat(host, server)
    # A wrong one, for Redis makes a note of whoever shows it.
    redis.secret_file(redis.PASSWORD_FILE, "not-the-password-of-anybody\n")
    text = server.section().replace("redis-authority.pem", "other.pem")
    (server.folder / "other.pem").write_text((host.provider.ca_file and open(host.provider.ca_file, encoding="utf-8").read()),
                                             encoding="utf-8")
    host.configure(host.config() + text)
    host.reload()
    status = becomes(host, says("certificate"))
    assert status["state"] == "absent"
    assert server.admin("ACL", "LOG") == ""
    take_up(host, server, says("WRONGPASS"))
    assert "AUTH" in server.admin("ACL", "LOG")


def test_what_anybody_adds_holds_nobody_up_however_large(following, server):
    host = following
    before, beside, behind = (host.provider.token("alice", OPERATOR) for _ in range(3))
    revoke(host, server, before)
    becomes(host, entries(1))
    host.halt()
    server.admin("XADD", redis.KEY, "*", *["x"] * 6_000)
    revoke(host, server, beside)
    for _ in range(40):
        server.admin("XADD", redis.KEY, "*", *["x"] * 140)
    server.admin("EVAL", "redis.call('XADD', KEYS[1], '*', 'item', string.rep('x', 30000000), 'y', string.rep('y', 30000000))", "1",
                 redis.KEY)
    revoke(host, server, behind)
    beat(host, server)  # whoever sends it reads all of it, too
    host.start()
    becomes(host, entries(3))
    for token in (before, beside, behind):
        assert host.refusal(ssh(token).said)[0] == "revoked_token"
    # Nor as the first entry, which the answer about the stream has in it.
    server.admin("XTRIM", redis.KEY, "MAXLEN", "3")
    last = host.provider.token("alice", OPERATOR)
    revoke(host, server, last)
    becomes(host, entries(4))
    assert host.refusal(ssh(last).said)[0] == "revoked_token"


def test_a_password_that_redis_repeats_is_in_no_log_and_no_answer(host, server):
    beat(host, server)
    server.stop()
    with open(server.folder / "redis.conf", "a", encoding="utf-8") as file:
        file.write('rename-command AUTH ""\n')
    server.spawn()  # in which an administrator cannot sign in either
    host.configure(host.config() + server.section())
    host.reload()
    becomes(host, says("lets nobody in"))
    refused = revoke(host, server, host.provider.token("alice", OPERATOR), check=False)
    assert refused.returncode == 1 and "lets nobody in" in refused.stderr
    for text in (host.latchkeyd.said(), host.fetchd.said(), host.ctl("status").stdout, host.ctl("--json", "status").stdout, refused.stderr):
        assert redis.PASSWORDS["host"] not in text and redis.PASSWORDS["writer"] not in text


def test_an_entry_with_the_greatest_id_is_named_to_whoever_revokes(following, server):
    host = following
    server.admin("XADD", redis.KEY, "18446744073709551615-18446744073709551615", "item", "x")
    becomes(host, says("form"))
    refused = revoke(host, server, host.provider.token("alice", OPERATOR), check=False)
    assert refused.returncode == 1 and "exhausted the last possible ID" in refused.stderr
    refused = host.ctl("beat", *server.writer("timer"), check=False)
    assert refused.returncode == 1 and "exhausted the last possible ID" in refused.stderr
    assert becomes(host, says("form"))["state"] == "fresh"


def test_every_kind_is_revoked_for_the_fleet_with_an_end_and_explained_by_its_source(following, server):
    host = following
    writer = server.writer()
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    hashed, session = host.provider.token("alice", OPERATOR), host.provider.token("alice", OPERATOR, claims={"sid": "session-1"})
    other = host.provider.token("alice", OPERATOR, claims={"sid": "session-2"})
    signed = host.provider.token("alice", OPERATOR, algorithm="ES256")
    path = server.folder / "token"
    files.write(str(path), hashed + "\n", 0o600)
    host.ctl("revoke", "--fleet", "--token-file", str(path), "--until", end, "--reason", "found in a log", *writer)
    path.unlink()
    host.ctl("revoke", "--fleet", "--sid", "session-1", "--issuer", "corp", "--end", end, *writer)
    host.ctl("revoke", "--fleet", "--kid", forge.header_of(signed)["kid"], "--issuer", "corp", *writer)
    becomes(host, entries(3))
    for token, reason in ((hashed, "revoked_token"), (session, "revoked_session"), (signed, "revoked_key")):
        refusal = host.refusal(ssh(token).said)
        assert refusal[0] == reason
        assert "revoked by stream now" in host.explain(refusal[1])["detail"]
    assert ssh(other).status == 0
    log = host.latchkeyd.said()
    assert "found in a log" in log and hashed not in log
    unknown = host.ctl("revoke", "--fleet", "--kid", "no-such-key", "--issuer", "corp", *writer, check=False)
    assert unknown.returncode == 1 and "no key of that kid" in unknown.stderr
    past = host.ctl("revoke", "--fleet", "--user", "bob", "--end", "2020-01-01T00:00:00Z", *writer, check=False)
    assert past.returncode == 64 and "to come" in past.stderr


def test_what_redis_does_not_take_is_not_called_done(following, server):
    host = following
    token = host.provider.token("alice", OPERATOR)
    server.admin("CONFIG", "SET", "maxmemory", "1")
    refused = revoke(host, server, token, "good", check=False)
    assert refused.returncode == 1 and "OOM" in refused.stderr and not refused.stdout
    told = host.ctl("--json", "revoke", "--fleet", "--user", "bob", *server.writer(), check=False)
    assert told.returncode == 1 and json.loads(told.stdout)["error"] == "failed"
    server.admin("CONFIG", "SET", "maxmemory", "0")
    assert ssh(token).status == 0
    revoke(host, server, token)
    assert fresh(becomes(host, entries(1)))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"
