# SPDX-License-Identifier: Apache-2.0
"""Revocation streams end to end: written by latchkeyctl, carried by a real Redis with TLS, heeded by real ssh and sudo."""

import json
import time

import pytest

from box import accounts, clients, files, forge, lists, redis

OPERATOR = ["corp-developers", "corp-operators"]
SRE = (accounts.GROUPS["sre"],)


@pytest.fixture
def server(installed):
    made = redis.Redis()
    yield made
    made.close()


@pytest.fixture
def web(installed):
    """Where the snapshot lies; signed by a key of the stream."""
    made = lists.Server()
    yield made
    made.close()


def ssh(token: str, user: str = "alice") -> clients.Result:
    return clients.ssh(token, user, "id -un")


def sudo(token: str, person=accounts.ALICE) -> clients.Result:
    path = f"{person.home}/token"
    files.write(path, token + "\n", 0o600, (person.uid, person.uid))
    return clients.run_as(person, ["latchkey", "sudo", "id", "-un"], environment={"BEARER_TOKEN_FILE": path}, groups=SRE)


def source(host) -> dict:
    return next(each for each in host.status()["revocation_sources"] if each["name"] == "now")


def becomes(host, wanted) -> dict:
    deadline = time.monotonic() + clients.DEADLINE_S
    while not wanted(now := source(host)):
        assert time.monotonic() < deadline, now
    return now


def entries(count: int):
    return lambda status: status["base_entries"] + status["delta_entries"] == count


def says(word: str):
    return lambda status: word in (status.get("last_error") or "")


def fresh(status: dict) -> bool:
    return status["state"] == "fresh" and not status.get("last_error")


def beat(host, server, key: str = "timer") -> None:
    """Before the daemon knows of the stream; the writer reads the same configuration."""
    host.configure(host.config() + server.section())
    host.ctl("beat", "--max-age", "1h", *server.writer(key))


def take_up(host, server, wanted=fresh, **section) -> dict:
    host.configure(host.config() + server.section(**section))
    host.reload()
    return becomes(host, wanted)


@pytest.fixture
def following(host, server):
    """The host reads the stream, of which it heard a beat."""
    for name, password in redis.PASSWORDS.items():
        host.search.add(password, f"Redis's password of {name}")
    beat(host, server)
    take_up(host, server)
    return host


def revoke(host, server, token: str, key: str = "good", *more: str, check: bool = True):
    return host.ctl("revoke", "--fleet", "--jti", forge.claims_of(token)["jti"], "--issuer", "corp", *server.writer(key), *more,
                    check=check)


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
    text = server.section().replace("redis-authority.pem", "other.pem")
    (server.folder / "other.pem").write_text((host.provider.ca_file and open(host.provider.ca_file, encoding="utf-8").read()),
                                             encoding="utf-8")
    host.configure(host.config() + text)
    host.reload()
    status = becomes(host, says("certificate"))
    assert status["state"] == "absent"
    assert "AUTH" not in (server.folder / "redis.log").read_text(encoding="utf-8")


def snapshot(host, server, web, *more: str, check: bool = True):
    done = host.ctl("snapshot", "make", str(web.www), *server.writer("timer"), *more, check=check)
    for path in (web.www, *web.www.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return done


@pytest.fixture
def standing(host, server, web):
    """As `following`, and the host knows where the stream's snapshot would lie."""
    section = server.section(more=f"      snapshot_url: https://{lists.NAME}:{web.port}/manifest.jwt\n"
                                  f"      snapshot_ca_file: {web.ca_file}\n")
    host.configure(host.config() + section)
    host.ctl("beat", "--max-age", "1h", *server.writer("timer"))
    host.reload()
    becomes(host, lambda status: status["state"] == "fresh")
    return host


def test_who_missed_what_was_trimmed_is_whole_again_above_the_snapshot(standing, server, web, record_testsuite_property):
    host = standing
    kept, missed, above, good = (host.provider.token("alice", OPERATOR) for _ in range(4))
    revoke(host, server, kept)
    becomes(host, entries(1))
    host.halt()
    revoke(host, server, missed)
    said = json.loads(host.ctl("--json", "snapshot", "make", str(web.www), *server.writer("timer")).stdout)
    assert said["version"] == 1 and said["entries"] == 2 and said["complete"]
    for path in (web.www, *web.www.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    revoke(host, server, above)
    trimmed = json.loads(host.ctl("--json", "snapshot", "trim", str(web.www), "--keep", "0s", *server.writer("timer")).stdout)
    assert trimmed["removed"] == 3  # the beat, kept and missed; what is above stays
    assert server.admin("XLEN", redis.KEY) == "1"
    began = time.monotonic()
    host.start()
    status = becomes(host, lambda now: fresh(now) and entries(3)(now))
    record_testsuite_property("seconds from a start behind a trimmed stream to fresh", round(time.monotonic() - began, 3))
    assert status["version"] == 1
    for token in (kept, missed, above):
        assert host.refusal(ssh(token).said)[0] == "revoked_token"
    assert ssh(good).status == 0 and sudo(good).status == 0
    # Nothing of that was forgotten by a restart with both servers gone, nor is the stream any less whole.
    server.stop()
    web.stop()
    host.halt()
    host.start()
    assert becomes(host, entries(3))["state"] == "fresh"
    assert host.refusal(ssh(missed).said)[0] == "revoked_token" and host.refusal(ssh(above).said)[0] == "revoked_token"


def test_a_host_that_starts_from_nothing_takes_the_snapshot_and_what_stands_above_it(standing, server, web):
    host = standing
    tokens = [host.provider.token("alice", OPERATOR) for _ in range(3)]
    revoke(host, server, tokens[0])
    revoke(host, server, tokens[1])
    snapshot(host, server, web)
    server.admin("XTRIM", redis.KEY, "MAXLEN", "0")
    host.halt()
    host.forget()
    host.start()
    becomes(host, lambda now: fresh(now) and entries(2)(now))
    revoke(host, server, tokens[2])
    becomes(host, lambda now: fresh(now) and entries(3)(now))
    for token in tokens:
        assert host.refusal(ssh(token).said)[0] == "revoked_token"


def test_a_snapshot_takes_back_what_it_leaves_out_and_nothing_else(standing, server, web):
    host = standing
    mistaken, right, later = (host.provider.token("alice", OPERATOR) for _ in range(3))
    revoke(host, server, mistaken)
    revoke(host, server, right)
    becomes(host, entries(2))
    claims = forge.claims_of(mistaken)
    text = web.folder / "back.jsonl"
    text.write_text(json.dumps({"kind": "token", "issuer": claims["iss"], "value": claims["jti"]}) + "\n", encoding="utf-8")
    snapshot(host, server, web, "--take-back", str(text))
    again = snapshot(host, server, web, "--take-back", str(text), check=False)
    assert again.returncode == 1 and "revokes no such token" in again.stderr
    revoke(host, server, later)
    host.reload()
    becomes(host, lambda now: now.get("version") == 1 and entries(2)(now) and fresh(now))
    assert ssh(mistaken).status == 0
    assert host.refusal(ssh(right).said)[0] == "revoked_token" and host.refusal(ssh(later).said)[0] == "revoked_token"
    # Served again, the item is covered.
    for item in server.admin("XRANGE", redis.KEY, "-", "+").splitlines():
        if item.startswith("ey"):
            server.admin("XADD", redis.KEY, "*", "item", item)
    last = host.provider.token("alice", OPERATOR)
    revoke(host, server, last)
    becomes(host, entries(3))
    assert ssh(mistaken).status == 0


def test_a_snapshot_of_somebody_else_is_refused_and_the_stream_stays_stale(standing, server, web):
    host = standing
    kept, missed = (host.provider.token("alice", OPERATOR) for _ in range(2))
    revoke(host, server, kept)
    becomes(host, entries(1))
    host.halt()
    revoke(host, server, missed)
    server.admin("XTRIM", redis.KEY, "MAXLEN", "0")
    web.publish([], issuer=redis.ISSUER, key="other")  # which is none of the stream's
    host.start()
    status = becomes(host, lambda now: says("snapshot: key")(now) and says("trimmed")(now))
    assert status["state"] == "stale"
    assert host.refusal(ssh(kept).said)[0] == "revoked_token"


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
