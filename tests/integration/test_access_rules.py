# SPDX-License-Identifier: Apache-2.0
"""Access rules through a real sshd and a real sudo: who is denied, from where, when, on which host, by which claims."""

import contextlib
import os
import pathlib
import struct
import subprocess
import time

from box import accounts, clients, files

GROUPS = ["corp-developers", "corp-operators"]
FIRST = "access:\n"
DAYS = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"]  # from 1970-01-01 on


def ahead(rule: str):
    """The test's configuration with one more rule before the others."""
    return lambda text: text.replace(FIRST, f"{FIRST}  - {rule}\n")


def instead(rule: str):
    """The rule for sshd, and the one for sudo as it is."""
    return lambda text: text.replace("    allow: { groups: [ developers, sre ] }\n", f"    {rule}\n")


def refused(host, user: str = "alice", **claims) -> tuple[str, str]:
    """Reason and detail of a sign-in that is refused."""
    done = clients.ssh(host.provider.token(user, GROUPS, claims=claims), user, "true")
    assert done.status == 255, done.said
    reason, request = host.refusal(done.said)
    return reason, host.explain(request)["detail"]


def let_in(host, user: str = "alice", **claims) -> bool:
    return clients.ssh(host.provider.token(user, GROUPS, claims=claims), user, "true").status == 0


def test_a_rule_that_denies_comes_before_one_that_allows_and_is_named(host):
    host.with_config(ahead("{ name: not alice, services: [ sshd ], deny: { users: [ alice ] } }"))
    reason, detail = refused(host)
    assert reason == "access_denied"
    assert detail.startswith('rule "not alice" (/etc/latchkey/latchkey.yaml:') and 'denies it by user "alice"' in detail
    assert let_in(host, "bob")


def test_where_the_peer_is_decides(host):
    host.with_config(ahead("{ name: outside, services: [ sshd ], deny: { networks: [ 127.0.0.0/8 ] } }"))
    assert refused(host)[0] == "access_denied"
    host.with_config(instead("allow: { groups: [ developers ], networks: [ 10.0.0.0/8 ] }"))
    assert 'it wants a peer in "10.0.0.0/8", the peer is "127.0.0.1"' in refused(host)[1]
    host.with_config(instead("allow: { groups: [ developers ], networks: [ 10.0.0.0/8, 127.0.0.1 ] }"))
    assert let_in(host)


def test_sudo_comes_from_nowhere(host):
    host.with_config(lambda text: text.replace("    allow: { groups: [ sre ] }\n", '    allow: { groups: [ sre ], networks: [ "0.0.0.0/0", "::/0" ] }\n'))
    path = f"{accounts.ALICE.home}/token"
    files.write(path, host.provider.token("alice", GROUPS) + "\n", 0o600, (accounts.ALICE.uid, accounts.ALICE.uid))
    done = clients.run_as(accounts.ALICE, ["latchkey", "sudo", "-k", "id", "-u"], environment={"BEARER_TOKEN_FILE": path},
                          groups=(accounts.GROUPS["sre"],))
    assert done.status != 0
    reason, request = host.refusal(done.said)
    assert reason == "access_denied" and "nobody from elsewhere asks" in host.explain(request)["detail"]


def noon_of_another_day() -> tuple[bytes, str, str]:
    """A zone (tzfile(5)) where it is noon now, of the day before or after that of UTC; that day, and UTC's."""
    day, second = divmod(int(time.time()), 86400)
    offset, other = (-43200 - second, day - 1) if second < 43200 else (129600 - second, day + 1)
    zone = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lBB", offset, 0, 0) + b"LKT\0"
    return zone, DAYS[other % 7], DAYS[day % 7]


@contextlib.contextmanager
def local_zone(zone: bytes):
    """/etc/localtime, for as long as it takes."""
    with contextlib.suppress(FileNotFoundError):
        os.rename("/etc/localtime", "/etc/localtime.before")
    try:
        pathlib.Path("/etc/localtime").write_bytes(zone)
        yield
    finally:
        os.unlink("/etc/localtime")
        with contextlib.suppress(FileNotFoundError):
            os.rename("/etc/localtime.before", "/etc/localtime")


def test_the_time_is_that_of_the_hosts_own_zone(host):
    zone, here, utc = noon_of_another_day()
    with local_zone(zone):
        host.with_config(instead(f"allow: {{ groups: [ developers ], times: [ '{here} 11:00-13:00' ] }}"))
        assert let_in(host)
        host.with_config(instead(f"allow: {{ groups: [ developers ], times: [ {utc} ] }}"))
        assert f"here it is {here} 12:" in refused(host)[1]
        host.with_config(ahead(f"{{ services: [ sshd ], deny: {{ times: [ '{here} 11:00-13:00' ] }} }}"))
        assert refused(host)[0] == "access_denied"


def test_a_rule_of_other_hosts_is_passed_over(host):
    rule = ahead("{ name: closed, services: [ sshd ], hosts: [ vault ], deny: { anyone: true } }")
    host.with_config(rule)
    assert let_in(host)
    host.with_config(lambda text: rule(text) + "labels: [ prod, vault ]\n")
    assert refused(host)[1].startswith('rule "closed"')


def test_claims_decide_and_so_they_do_for_a_key_until_the_rule_asks_for_others(host):
    host.with_config(instead("allow: { groups: [ developers ], claims: { department: platform } }"))
    assert '"department" that does not hold' in refused(host, department="sales")[1]
    assert '"department" of which nothing is known' in refused(host)[1]
    assert let_in(host, department="platform")
    assert clients.key_login(accounts.ALICE).out == "alice\n"
    # What nobody looked at when she signed in keeps her out, and a token that was remembered is looked at again.
    token = host.provider.token("alice", GROUPS, claims={"department": "platform", "site": "berlin"})
    assert clients.ssh(token, "alice", "true").status == 0
    host.with_config(instead("allow: { groups: [ developers ], claims: { site: berlin } }"))
    done = clients.key_login(accounts.ALICE)
    assert done.status == 255
    reason, request = host.refusal(done.said)
    assert reason == "access_denied" and "was shown before the rule was made" in host.explain(request)["detail"]
    assert clients.ssh(token, "alice", "true").status == 0
    assert clients.key_login(accounts.ALICE).out == "alice\n"


def test_claims_deny_and_so_does_not_knowing_them(host):
    assert let_in(host)
    host.with_config(ahead("{ name: externals, services: [ sshd ], deny: { claims: { employment: external } } }"))
    done = clients.key_login(accounts.ALICE)
    assert done.status == 255 and host.refusal(done.said)[0] == "access_denied"
    assert refused(host, employment="external")[0] == "access_denied"
    assert let_in(host, employment="internal")
    assert clients.key_login(accounts.ALICE).out == "alice\n"


def test_config_check_warns_of_a_rule_that_can_never_decide(host):
    text = host.config().replace(FIRST, FIRST + "  - { name: closed, services: [ '*' ], deny: { anyone: true } }\n")
    files.write("/etc/latchkey/tried.yaml", text)
    done = host.ctl("config", "check", "/etc/latchkey/tried.yaml")
    for rule in ("logins", "operators"):
        assert f'the rule "{rule}" can never allow: the rule "closed"' in done.stdout + done.stderr


def test_token_verify_judges_peer_and_time_as_the_daemon_does(host):
    zone, here, utc = noon_of_another_day()

    def verify(*more: str) -> str:
        done = subprocess.run(["latchkeyctl", "token", "verify", "--user", "alice", *more], input=host.provider.token("alice", GROUPS),
                              capture_output=True, text=True, timeout=60, check=False)
        assert host.search.in_bytes((done.stdout + done.stderr).encode()) == []
        return done.stdout

    host.with_config(instead("allow: { groups: [ developers ], networks: [ 192.0.2.0/24 ] }"))
    assert let_in(host) is False  # the keys are there now
    assert "say it with --rhost" in verify() and "nobody from elsewhere asks" in verify()
    assert 'the peer is "192.0.3.1"' in verify("--rhost", "192.0.3.1")
    assert verify("--rhost", "::ffff:192.0.2.1").startswith("ACCEPTED")
    with local_zone(zone):
        host.with_config(instead(f"allow: {{ groups: [ developers ], times: [ {utc} ] }}"))
        assert f"here it is {here} 12:" in verify()
        host.with_config(instead(f"allow: {{ groups: [ developers ], times: [ {here} ] }}"))
        assert verify().startswith("ACCEPTED")
