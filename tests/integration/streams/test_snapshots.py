# SPDX-License-Identifier: Apache-2.0
"""Snapshots of revocation streams end to end: a real Redis, a real web server, real ssh and sudo."""

import json
import os
import shutil
import time

from box import forge, redis
from box.revocations import OPERATOR, entries, fresh, says, ssh, stale, sudo, until
from box.streams import becomes, revoke, snapshot, source


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


def emptied(folder) -> None:
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def test_what_a_writer_forgot_and_redis_hides_is_taken_back_by_no_snapshot(standing, server, web):
    host = standing
    tokens = [host.provider.token("alice", OPERATOR) for _ in range(3)]
    for token in tokens[:2]:
        revoke(host, server, token)
    becomes(host, entries(2))
    host.ctl("beat", "--max-age", "1h", *server.writer("timer"))
    ids = [line for line in server.admin("XRANGE", redis.KEY, "-", "+").splitlines() if line.count("-") == 1 and line[0].isdigit()]
    server.admin("XDEL", redis.KEY, *ids[1:])
    os.unlink(server.folder / "good.jwk.notes")
    revoke(host, server, tokens[2])
    becomes(host, lambda now: stale(now) and entries(3)(now))
    assert host.ctl("beat", "--max-age", "1h", *server.writer("timer"), check=False).returncode == 1
    made = snapshot(host, server, web, check=False)
    assert made.returncode == 1 and "INCOMPLETE" in made.stdout
    host.reload()
    becomes(host, lambda now: now.get("version") == 1)
    for token in tokens:
        assert host.refusal(ssh(token).said)[0] == "revoked_token"
    # What is lost is revoked again, and then given up.
    for token in tokens[:2]:
        revoke(host, server, token)
    host.ctl("beat", "--max-age", "1h", "--over-gap", "--snapshot", str(web.www), *server.writer("timer"))
    assert snapshot(host, server, web).returncode == 0
    host.reload()
    becomes(host, lambda now: fresh(now) and now.get("version") == 2)
    for token in tokens:
        assert host.refusal(ssh(token).said)[0] == "revoked_token"


def test_a_beat_that_is_lost_leaves_a_new_host_whole_with_the_next(standing, server, web):
    host = standing
    revoked = host.provider.token("alice", OPERATOR)
    revoke(host, server, revoked)
    snapshot(host, server, web)
    host.ctl("beat", "--max-age", "1h", *server.writer("timer"))
    server.admin("XTRIM", redis.KEY, "MAXLEN", "0")
    host.halt()
    host.forget()
    host.start()
    host.ctl("beat", "--max-age", "1h", *server.writer("timer"))
    becomes(host, fresh)
    assert host.refusal(ssh(revoked).said)[0] == "revoked_token"
    assert sudo(host.provider.token("alice", OPERATOR)).status == 0


def test_a_folder_out_of_a_backup_makes_no_version_that_hosts_have(standing, server, web):
    host = standing
    tokens = [host.provider.token("alice", OPERATOR) for _ in range(3)]
    revoke(host, server, tokens[0])
    snapshot(host, server, web)
    shutil.copytree(web.www, server.folder / "backup")
    revoke(host, server, tokens[1])
    snapshot(host, server, web)
    host.reload()
    becomes(host, lambda now: now.get("version") == 2)
    revoke(host, server, tokens[2])
    becomes(host, entries(3))
    emptied(web.www)
    shutil.copytree(server.folder / "backup", web.www, dirs_exist_ok=True)
    refused = snapshot(host, server, web, check=False)
    assert refused.returncode == 1 and "this key signed version 2" in refused.stderr
    host.reload()
    # Where nobody asks the notes: the same number with other contents, which no host takes.
    os.unlink(server.folder / "timer.jwk.notes")

    def noticed() -> bool:
        # Signed in the second of the one that hosts have it is taken for that one.
        assert snapshot(host, server, web).returncode == 0
        host.reload()
        return says("other chunks under the version")(source(host))

    until(noticed)
    for token in tokens:
        assert host.refusal(ssh(token).said)[0] == "revoked_token"
