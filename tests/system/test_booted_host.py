# SPDX-License-Identifier: Apache-2.0
"""The installed units on a booted Debian: socket activation, the whole sandbox, restarts, logind's sessions, the journal."""

import contextlib
import json
import os
import pathlib
import re
import time

import pytest

from box import accounts, forge, leaks, names, provider as provider_module
from fetching.certificates import Authority
from fetching.introspection import PATH, SECRET, Endpoint
from fetching.stub_provider import StubProvider
from laptop import Client
from machine import ROOT, Machine

GROUPS = ["corp-developers", "corp-operators"]
UNITS = ("latchkeyd.service", "latchkey-fetchd.service", "latchkey-pam.socket", "latchkey-control.socket",
         "latchkey-fetchd.socket", "latchkey-endd.service", "latchkey-endd.socket", "latchkey-endd-signal.socket",
         "latchkey-namesd.service")
CONFIG = """\
version: 1
log_level: debug
issuers:
  - name: corp
    issuer: {issuer}
    audiences: [ "ssh://box" ]
    ca_file: /etc/latchkey/corp-ca.pem
    groups: {{ claim: groups, map: {{ corp-developers: [ developers ], corp-operators: [ sre, docker ] }} }}
access:
  - {{ services: [ sshd ], allow: {{ groups: [ developers ] }} }}
  - {{ services: [ sudo, sudo-i ], allow: {{ groups: [ sre ] }} }}
sessions: {{ grace: 1s }}
"""


@pytest.fixture(scope="module")
def search():
    return leaks.TokenSearch()


@pytest.fixture(scope="module")
def provider(search, tmp_path_factory):
    made = provider_module.Provider(os.environ["LATCHKEY_BUILD"], search, f"{os.environ['LATCHKEY_REPORTS']}/system-devidp.log", "127.0.0.1")
    yield made
    made.close()


@pytest.fixture(scope="module")
def machine(provider):
    made = Machine(f"{os.environ['LATCHKEY_PREPARED']}/base", os.environ["LATCHKEY_BUILD"],
                   f"{os.environ['LATCHKEY_REPORTS']}/system-console.log")
    examples = f"{ROOT}/usr/share/doc/latchkey/examples"
    for name, gid in accounts.GROUPS.items():
        made.offline("groupadd", "--gid", str(gid), name)
    for person in (accounts.ALICE, accounts.BOB):
        made.offline("useradd", "--uid", str(person.uid), "--create-home", "--shell", "/bin/bash", person.name)
    for inside, example in (("/etc/pam.d/sshd", "pam.d/sshd"), ("/etc/pam.d/sudo", "pam.d/sudo"),
                            ("/etc/ssh/sshd_config.d/latchkey.conf", "sshd_config.d/latchkey.conf"),
                            ("/etc/sudoers.d/latchkey", "sudoers.d/latchkey")):
        made.write(inside, pathlib.Path(examples, example).read_text(), 0o440 if "sudoers" in inside else 0o644)
    made.write("/etc/ssh/sshd_config.d/here.conf", "ListenAddress 127.0.0.1\n")
    made.write("/etc/latchkey/latchkey.yaml", CONFIG.format(issuer=provider.issuer))
    made.write("/etc/latchkey/corp-ca.pem", pathlib.Path(provider.ca_file).read_text())
    made.offline("systemd-sysusers")
    made.path("/var/log/journal").mkdir(exist_ok=True)  # what is logged outlives a boot, so that it can be searched
    made.offline("systemctl", "enable", UNITS[0], UNITS[-1])
    made.boot()
    yield made
    made.power_off()


@pytest.fixture(scope="module")
def client(machine, tmp_path_factory):
    return Client(os.environ["LATCHKEY_BUILD"], tmp_path_factory.mktemp("laptop"))


def opens(client, provider, user="alice", command="id -un", **token) -> str:
    done = client.ssh(provider.token(user, GROUPS, **token), user, command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_unit_is_at_work_after_the_boot(machine):
    for unit in UNITS:
        assert machine.property(unit, "ActiveState") == "active", unit
    assert machine.run("systemctl", "is-system-running", check=False).stdout.strip() == "running"


def test_a_token_opens_a_session_that_logind_knows(machine, client, provider):
    seen = opens(client, provider, command="id; loginctl --no-legend list-sessions", size=3000)
    for word in ("uid=2001(alice)", "(developers)", "(sre)", "(docker)"):
        assert word in seen
    assert re.search(r"^\s*\S+\s+2001 alice", seen, re.M)


def test_a_sudo_in_that_session_takes_a_token_too(machine, client, provider):
    machine.write("/home/alice/token", provider.token("alice", GROUPS, size=2000), 0o600, accounts.ALICE.uid)
    assert opens(client, provider, command="BEARER_TOKEN_FILE=~/token latchkey sudo id -u") == "0\n"


def test_a_daemon_that_is_killed_is_back_for_the_very_next_login_however_often(machine, client, provider):
    for _ in range(8):  # by default systemd gives a unit up after 5
        machine.run("systemctl", "kill", "--signal=KILL", "latchkeyd.service")
        assert opens(client, provider) == "alice\n"
    machine.run("systemctl", "kill", "--signal=KILL", "latchkey-fetchd.service")
    machine.wait_for(lambda: machine.property("latchkey-fetchd.service", "ActiveState") == "active")
    assert int(machine.property("latchkeyd.service", "NRestarts")) >= 8


def test_a_daemon_that_hangs_is_started_anew_by_the_watchdog(machine, client, provider):
    before = int(machine.property("latchkeyd.service", "NRestarts"))
    machine.run("systemctl", "kill", "--signal=STOP", "latchkeyd.service")
    machine.wait_for(lambda: int(machine.property("latchkeyd.service", "NRestarts")) > before)
    machine.wait_for(lambda: machine.property("latchkeyd.service", "ActiveState") == "active")
    assert opens(client, provider) == "alice\n"


def test_namesd_that_hangs_or_is_killed_is_back_and_local_names_never_went(machine):
    machine.write("/var/lib/latchkey-names/names", names.text([names.User("erin", 1900000001)]))
    assert "erin:x:1900000001:" in machine.run("getent", "passwd", "erin").stdout
    for kind in ("KILL", "STOP"):
        before = int(machine.property("latchkey-namesd.service", "NRestarts"))
        machine.run("systemctl", "kill", f"--signal={kind}", "latchkey-namesd.service")
        assert "alice" in machine.run("getent", "passwd", "alice").stdout
        machine.wait_for(lambda: int(machine.property("latchkey-namesd.service", "NRestarts")) > before)
        machine.wait_for(lambda: machine.property("latchkey-namesd.service", "ActiveState") == "active")
        assert "erin:x:1900000001:" in machine.run("getent", "passwd", "erin").stdout


def test_namesd_sees_in_its_sandbox_who_is_sshd(machine):
    machine.write("/var/lib/latchkey-names/names", names.text(provisional=True))
    machine.run("install", "-D", "/usr/bin/getent", "/usr/local/lib/names-test/sshd")
    number = names.id_of("newcomer")
    assert f"newcomer:x:{number}:" in machine.run("/usr/local/lib/names-test/sshd", "passwd", "newcomer").stdout
    assert machine.run("getent", "passwd", "newcomer", check=False).stdout == ""


@pytest.mark.parametrize("unit", ["latchkeyd", "latchkey-fetchd", "latchkey-namesd"])
def test_a_daemon_has_no_privilege_and_no_way_to_any(machine, unit):
    pid = machine.property(f"{unit}.service", "MainPID")
    status = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{pid}/status").stdout.splitlines() if ":\t" in line)
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[field], 16) == 0, field
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert "0" not in status["Uid"].split()


@pytest.mark.parametrize("unit, kept", [("latchkey-endd", 0), ("latchkey-endd-signal", 1 << 5)])
def test_what_ends_sessions_is_root_without_roots_power(machine, unit, kept):
    machine.run("systemctl", "start", f"{unit}.service")
    pid = machine.property(f"{unit}.service", "MainPID")
    status = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{pid}/status").stdout.splitlines() if ":\t" in line)
    for field in ("CapPrm", "CapEff", "CapBnd"):
        assert int(status[field], 16) == kept, field
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    own, init = (machine.run("readlink", f"/proc/{which}/ns/net").stdout for which in (pid, "1"))
    assert own != init


def logind_sessions(machine) -> str:
    return machine.run("loginctl", "--no-legend", "list-sessions").stdout


def sessions(machine) -> str:
    return machine.run("latchkeyctl", "sessions").stdout


def revoke(machine, provider, token) -> float:
    machine.run("latchkeyctl", "revoke", "--jti", forge.claims_of(token)["jti"], "--issuer", provider.issuer)
    return time.monotonic()


def test_a_revoked_token_loses_the_session_that_logind_holds_and_bobs_lives_on(machine, client, provider):
    token = provider.token("alice", GROUPS)
    command = "nohup setsid sleep 86501 >/dev/null 2>&1 </dev/null & echo in; exec sleep 86502"
    with client.session(token, "alice", command, "-tt") as alice, \
            client.session(provider.token("bob", GROUPS), "bob", "echo in; exec sleep 86503") as bob:
        assert "alice" in logind_sessions(machine)
        started = time.monotonic()
        revoke(machine, provider, token)
        said = alice.stdout.read()
        alice.wait(60)
        print(f"\nfrom the command to the end of logind's session: {time.monotonic() - started:.2f} s, grace time 1 s")
        assert "Latchkey: this session ends in 1 s: the sign-in that opened it was revoked." in said
        machine.wait_for(lambda: "alice" not in logind_sessions(machine))
        assert machine.run("pgrep", "-f", "sleep 8650[12]", check=False).stdout == ""
        assert bob.poll() is None and "bob" in logind_sessions(machine)
        done = client.ssh(token, "alice", "id")
        assert done.returncode == 255 and "revoked_token" in done.stdout + done.stderr
        # A login of before whose end nobody heard, the daemon being down, goes with a look at all of them: one a minute.
        machine.wait_for(lambda: "alice" not in sessions(machine), 240, lambda: sessions(machine))
    journal = machine.run("journalctl", "--no-pager", "-u", "latchkey-endd").stdout
    assert "told:" in journal and "terminals=1" in journal and re.search(r"ended: .*user=alice .*logind=\S+", journal)


def test_a_session_that_was_closed_while_the_daemon_was_down_is_forgotten(machine, client, provider):
    units = ("latchkey-pam.socket", "latchkey-control.socket", "latchkeyd.service")
    with client.session(provider.token("bob", GROUPS), "bob", "echo in; exec sleep 86509"):
        assert "bob" in sessions(machine)
        machine.run("systemctl", "stop", *units)
    try:
        machine.wait_for(lambda: machine.run("pgrep", "-f", "^sshd: bob", check=False).stdout == "")
    finally:
        machine.run("systemctl", "start", *units)
    machine.wait_for(lambda: "bob" not in sessions(machine), 60, lambda: sessions(machine))


def test_a_session_that_lives_is_kept_though_its_note_is_gone_and_nobody_is_let_off(machine, client, provider):
    token = provider.token("bob", GROUPS)
    with client.session(token, "bob", "echo in; exec sleep 86510"):
        known = json.loads(machine.run("latchkeyctl", "--json", "sessions").stdout)["sessions"]
        login = next(each["id"] for each in known if each["user"] == "bob")
        machine.run("rm", f"/run/latchkey-sessions/{login}")
        machine.run("systemctl", "restart", "latchkeyd.service")
        revoke(machine, provider, token)
        machine.wait_for(lambda: "1 session that should have ended" in machine.run("latchkeyctl", "status", check=False).stdout)
        assert login in sessions(machine)
    machine.wait_for(lambda: login not in sessions(machine), 60, lambda: sessions(machine))


def test_a_revoked_sudo_ends_by_signals_and_the_session_around_it_lives_on(machine, client, provider):
    inner = provider.token("alice", GROUPS)
    machine.write("/home/alice/token", inner, 0o600, accounts.ALICE.uid)
    command = "BEARER_TOKEN_FILE=~/token latchkey sudo sh -c 'echo in; exec sleep 86504'; echo over; exec sleep 86505"
    with client.session(provider.token("alice", GROUPS), "alice", command) as alice:
        started = time.monotonic()
        revoke(machine, provider, inner)
        machine.wait_for(lambda: machine.run("pgrep", "-f", "^sleep 86504", check=False).stdout == "")
        print(f"\nfrom the command to the end of the sudo: {time.monotonic() - started:.2f} s, grace time 1 s")
        machine.wait_for(lambda: machine.run("pgrep", "-f", "^sleep 86505", check=False).stdout)
        assert alice.poll() is None


def test_what_lingers_and_jobs_of_at_and_cron_survive_the_session_and_end_where_the_whole_user_is_to(machine, client, provider):
    units = ("latchkey-endd", "latchkey-endd-signal")
    machine.run("loginctl", "enable-linger", "alice")
    linger = ("XDG_RUNTIME_DIR=/run/user/$(id -u) systemd-run --user --quiet --collect sleep 86506; "
              "echo 'exec sleep 86511' | at -M now; echo '* * * * * exec sleep 86512' | crontab -; echo in; exec sleep 86507")
    survivors = ("sleep 86506", "sleep 86511", "sleep 86512")
    machine.write("/etc/cron.d/bobs", "* * * * * bob exec sleep 86513\n")

    def runs(words: str) -> str:
        return machine.run("pgrep", "-f", words, check=False).stdout
    try:
        token = provider.token("alice", GROUPS)
        with client.session(token, "alice", linger) as alice:
            revoke(machine, provider, token)
            alice.wait(60)
        machine.wait_for(lambda: all(map(runs, survivors)) and runs("sleep 86513"), 90)
        machine.run("crontab", "-r", "-u", "alice")  # what is due starts all the same: docs/SESSIONS.md
        config = CONFIG.format(issuer=provider.issuer).replace("grace: 1s", "grace: 1s, terminate: user")
        machine.write("/etc/latchkey/latchkey.yaml", config)
        machine.run("latchkeyctl", "reload")
        for unit in units:
            start = machine.run("systemctl", "show", "-P", "ExecStart", unit).stdout.split("argv[]=")[1].split(" ;")[0]
            machine.write(f"/etc/systemd/system/{unit}.service.d/user.conf", f"[Service]\nExecStart=\nExecStart={start} --whole-user\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", *units)
        assert "--whole-user" in machine.property("latchkey-endd.service", "ExecStart")
        token = provider.token("alice", GROUPS)
        with client.session(token, "alice", "echo in; exec sleep 86508") as alice:
            revoke(machine, provider, token)
            alice.wait(60)
        machine.wait_for(lambda: not any(map(runs, survivors)))
        assert runs("sleep 86513"), "bob's jobs are nobody else's"
        assert opens(client, provider, "alice") == "alice\n"
    finally:
        machine.run("loginctl", "disable-linger", "alice")
        machine.run("rm", "-rf", "/etc/cron.d/bobs", *(f"/etc/systemd/system/{unit}.service.d" for unit in units))
        machine.run("pkill", "-f", "sleep 86513", check=False)
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", *units)
        machine.write("/etc/latchkey/latchkey.yaml", CONFIG.format(issuer=provider.issuer))
        machine.run("latchkeyctl", "reload")


def test_latchkeyd_has_a_network_with_nothing_in_it(machine):
    pid = machine.property("latchkeyd.service", "MainPID")
    own, init = (machine.run("readlink", f"/proc/{which}/ns/net").stdout for which in (pid, "1"))
    assert own != init
    interfaces = machine.run("cat", f"/proc/{pid}/net/dev").stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]


@pytest.mark.parametrize("unit, tenths", [("latchkeyd", 3), ("latchkey-fetchd", 11), ("latchkey-endd", 9),
                                          ("latchkey-endd-signal", 10), ("latchkey-namesd", 5)])
def test_systemd_itself_rates_the_running_unit_as_promised(machine, unit, tenths):
    machine.run("systemd-analyze", "security", "--no-pager", f"--threshold={tenths}", f"{unit}.service")


def test_the_kernel_refused_neither_daemon_a_call_that_it_needs(machine):
    for unit in ("latchkeyd", "latchkey-fetchd", "latchkey-endd", "latchkey-namesd"):
        said = machine.run("journalctl", "-t", unit, "--no-pager").stdout
        assert unit in said
        assert "not permitted" not in said, said


def test_a_refusal_stands_in_the_journal_with_its_reason_and_in_explain(machine, client, provider):
    done = client.ssh(provider.token("bob", GROUPS), "alice", "id")
    assert done.returncode == 255
    request = re.search(r"\(user_mismatch, request ([0-9a-f]{8})\)", done.stdout + done.stderr)[1]
    assert "user_mismatch" in machine.run("latchkeyctl", "explain", request).stdout
    assert request in machine.run("journalctl", "--no-pager", "LATCHKEY_REASON=user_mismatch", "-o", "export").stdout


def test_a_reload_by_systemd_is_one(machine):
    machine.run("systemctl", "reload", "latchkeyd.service")
    assert machine.property("latchkeyd.service", "ActiveState") == "active"


@pytest.fixture(name="endpoint")
def _endpoint(machine, provider, search, tmp_path):
    """The issuer is asked about its tokens here, by a client whose secret systemd hands to latchkey-fetchd alone."""
    search.add(SECRET, "the client's secret")
    authority = Authority(tmp_path, "introspection")
    drop_in = machine.path("/etc/systemd/system/latchkey-fetchd.service.d/secret.conf")
    machine.write("/etc/credstore/corp-client-secret", SECRET + "\n", 0o600)
    machine.write(f"/{drop_in.relative_to(ROOT)}",
                  "[Service]\nLoadCredential=corp-client-secret:/etc/credstore/corp-client-secret\n")
    machine.write("/etc/latchkey/corp-ca.pem", pathlib.Path(provider.ca_file).read_text() + authority.file.read_text())
    with contextlib.closing(StubProvider(authority.issue())) as stub:
        lines = ["introspection: required", f"introspection_endpoint: {stub.origin}{PATH}", "introspection_positive_ttl: 0s",
                 "introspection_client: { client_id: latchkey, "
                 "secret_file: /run/credentials/latchkey-fetchd.service/corp-client-secret }"]
        config = CONFIG.format(issuer=provider.issuer).replace(
            "    groups: {", "".join(f"    {line}\n" for line in lines) + "    groups: {")
        machine.write("/etc/latchkey/latchkey.yaml", config)
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", "latchkey-fetchd.service")
        machine.run("latchkeyctl", "reload")
        yield Endpoint(stub)
    machine.write("/etc/latchkey/latchkey.yaml", CONFIG.format(issuer=provider.issuer))
    drop_in.unlink()
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "latchkey-fetchd.service")
    machine.run("latchkeyctl", "reload")


def test_the_clients_secret_for_introspection_comes_as_a_systemd_credential(machine, client, provider, endpoint):
    token = provider.token("alice", GROUPS)
    endpoint.says[token] = {}
    done = client.ssh(token, "alice", "id -un")
    assert done.stdout == "alice\n", done.stdout + done.stderr + machine.run("latchkeyctl", "status").stdout
    del endpoint.says[token]
    done = client.ssh(token, "alice", "id -un")
    assert done.returncode == 255 and "token_inactive" in done.stdout + done.stderr
    assert endpoint.asked() == 2
    # Nobody else's: neither latchkeyd nor whoever looks into the tree sees the file.
    pid = machine.property("latchkeyd.service", "MainPID")
    assert machine.run("ls", f"/proc/{pid}/root/run/credentials/latchkey-fetchd.service", check=False).returncode != 0


def test_a_revocation_holds_over_a_reboot(machine, client, provider):
    opens(client, provider, "bob")
    machine.run("latchkeyctl", "revoke", "--user", "bob")
    with client.session(provider.token("alice", GROUPS), "alice", "echo in; exec sleep 86511"):
        machine.run("systemctl", "stop", "latchkey-pam.socket", "latchkey-control.socket", "latchkeyd.service")
        machine.power_off()
    machine.boot()
    # By the id of the boot, which its /proc does not show.
    assert "no sessions" in sessions(machine)
    pid = machine.property("latchkeyd.service", "MainPID")
    boot = machine.run("cat", "/proc/sys/kernel/random/boot_id").stdout.strip().replace("-", "")
    assert f"--boot-id\0{boot}\0" in machine.run("cat", f"/proc/{pid}/cmdline").stdout
    done = client.ssh(provider.token("bob", GROUPS), "bob", "id")
    assert done.returncode == 255 and "revoked_user" in done.stdout + done.stderr
    assert opens(client, provider) == "alice\n"


def test_no_journal_and_no_state_file_holds_a_part_of_a_token(machine, search):
    machine.run("journalctl", "--flush", "--rotate", check=False)
    journal = machine.run("journalctl", "--no-pager", "-o", "export").stdout
    assert "LATCHKEY_" in journal
    assert search.in_bytes(journal.encode()) == []
    assert search.in_tree(f"{ROOT}/var/lib/latchkey") == []
    assert search.in_tree(f"{ROOT}/var/log") == []
