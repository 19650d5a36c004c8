# SPDX-License-Identifier: Apache-2.0
"""Names are served: the real getent, id and sshd, by stock libnss-systemd, from latchkey-namesd as its unit starts it."""

import json
import os
import shutil
import signal
import socket
import subprocess

import pytest

from box import accounts, files, names
from box.names import User, getent

ERIN = User("erin", 1900000001, real_name="Erin Example")
FRANK = User("frank", 1900000002, state="locked")
OPS = ("oidc-ops", 1900000100)
COPIES = "/usr/local/lib/names-test"
SOCKET = "/run/systemd/userdb/io.latchkey.Names"


@pytest.fixture
def served(installed):
    """latchkey-namesd at work, with erin and frank in the file; everything as it was afterwards."""
    kept = {path: files.read(path) for path in ("/etc/passwd", "/etc/group")}
    folder = os.path.join(os.environ["LATCHKEY_REPORTS"], "box")
    os.makedirs(folder, exist_ok=True)
    switch = names.Switch()
    daemon = names.namesd(f"{folder}/namesd.log")
    names.publish(names.text([ERIN, FRANK], [OPS], [(OPS[0], "erin"), (OPS[0], "frank"), ("docker", "erin")]))
    open(daemon.log, "w").close()
    daemon.start()
    yield daemon
    daemon.stop()
    switch.close()
    for path, text in kept.items():
        files.write(path, text)
    shutil.rmtree(COPIES, ignore_errors=True)
    os.unlink(names.FILE)


def ask(**query) -> dict:
    """GetUserRecord by hand."""
    call = {"method": "io.systemd.UserDatabase.GetUserRecord", "parameters": query | {"service": "io.latchkey.Names"}}
    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(120)
        talk.connect(SOCKET)
        talk.sendall(json.dumps(call).encode() + b"\0")
        said = b""
        while not said.endswith(b"\0"):
            part = talk.recv(65536)
            assert part, said
            said += part
    return json.loads(said[:-1])


def local_ones(database: str) -> set[str]:
    return set(files.read(f"/etc/{database}").splitlines())


def test_getent_finds_users_and_groups_by_name_and_by_number(served):
    assert getent("passwd", "erin") == ERIN.passwd()
    assert getent("passwd", str(ERIN.uid)) == ERIN.passwd()
    assert getent("group", OPS[0]) == f"{OPS[0]}:x:{OPS[1]}:erin,frank\n"
    assert getent("group", str(OPS[1])) == f"{OPS[0]}:x:{OPS[1]}:erin,frank\n"
    assert getent("group", "erin") == f"erin:x:{ERIN.uid}:\n"
    assert getent("passwd", "nobody-of-ours") == ""
    assert getent("passwd", "erin", user=accounts.LAPTOP.uid, group=accounts.LAPTOP.uid, extra_groups=()) == ERIN.passwd()


def test_id_has_all_groups_those_of_the_host_too(served):
    done = subprocess.run(["id", "erin"], capture_output=True, text=True, check=True)
    uid, gid, groups = done.stdout.split()
    assert (uid, gid) == (f"uid={ERIN.uid}(erin)", f"gid={ERIN.uid}(erin)")
    assert set(groups.removeprefix("groups=").split(",")) == {
        f"{ERIN.uid}(erin)", f"{OPS[1]}({OPS[0]})", f"{accounts.GROUPS['docker']}(docker)"}


def test_a_process_of_such_a_user_is_one(served):
    done = subprocess.run(["setpriv", "--reuid", "erin", "--regid", "erin", "--init-groups", "id", "-un"], capture_output=True,
                          text=True, check=True)
    assert done.stdout == "erin\n"


def test_no_password_is_shown_in_any_form_and_a_locked_account_is_shown_as_such(served):
    for name in ("erin", "frank"):
        password = getent("shadow", name).split(":")[1]
        assert password.startswith("!") and "$" not in password
    assert ask(userName="frank")["parameters"]["record"]["locked"] is True
    assert "locked" not in ask(userName="erin")["parameters"]["record"]


def test_local_names_win_and_ids_in_use_are_not_served(served):
    bob = accounts.BOB
    names.publish(names.text(
        [ERIN, User("alice", 1900000011), User("grace", bob.uid), User("henry", 1900000012, accounts.GROUPS["sre"])],
        [("developers", 1900000101), ("others", accounts.GROUPS["docker"]), OPS], [("developers", "erin"), (OPS[0], "alice")]))
    assert getent("passwd", "erin") == ERIN.passwd()
    assert getent("passwd", "alice").split(":")[2] == str(accounts.ALICE.uid)
    assert getent("passwd", str(bob.uid)).split(":")[0] == "bob"
    assert getent("group", "developers").split(":")[2] == str(accounts.GROUPS["developers"])
    for database, key in (("passwd", "1900000011"), ("passwd", "grace"), ("passwd", "henry"), ("group", "others"),
                          ("group", "1900000101"), ("group", "grace"), ("group", "henry")):
        assert getent(database, key) == "", key
    assert OPS[0] not in subprocess.run(["id", "-Gn", "alice"], capture_output=True, text=True, check=True).stdout
    assert "developers" not in subprocess.run(["id", "-Gn", "erin"], capture_output=True, text=True, check=True).stdout
    assert 'local files have the names or ids of "alice", "grace", "henry", "developers", "others"' in served.said()


def test_a_name_that_becomes_local_is_served_no_more(served):
    files.write("/etc/passwd", files.read("/etc/passwd") + "erin:x:2100:2100::/home/erin:/bin/bash\n")
    assert getent("passwd", "erin").split(":")[2] == "2100"
    assert getent("passwd", str(ERIN.uid)) == ""


def test_everything_is_listed_only_where_the_file_says_so(served):
    assert set(getent("passwd").splitlines()) == local_ones("passwd")
    assert OPS[0] not in getent("group")
    names.publish(names.text([ERIN, FRANK], [OPS], enumerate_all=True))
    assert set(getent("passwd").splitlines()) == local_ones("passwd") | {ERIN.passwd().strip(), FRANK.passwd().strip()}
    assert {f"{OPS[0]}:x:{OPS[1]}:", f"erin:x:{ERIN.uid}:"} <= set(getent("group").splitlines())


def test_a_file_that_is_replaced_takes_effect(served):
    gina = User("gina", 1900000003)
    names.publish(names.text([gina]))
    assert getent("passwd", "gina") == gina.passwd()
    assert getent("passwd", "erin") == ""


def cut() -> None:
    names.publish(names.text([User("eve", 1900000009)])[:-10])


def altered() -> None:
    names.publish(names.text([User("eve", 1900000009)]).replace("eve", "eva"))


def removed() -> None:
    os.unlink(names.FILE)


def writable_by_others() -> None:
    names.publish(names.text())
    os.chmod(names.FILE, 0o666)


def of_somebody_else() -> None:
    names.publish(names.text())
    os.chown(names.FILE, accounts.ALICE.uid, accounts.ALICE.uid)


@pytest.mark.parametrize("harm", [cut, altered, removed, writable_by_others, of_somebody_else])
def test_a_damaged_file_leaves_the_last_one_in_force_and_is_named_once(served, harm):
    assert getent("passwd", "erin") == ERIN.passwd()
    harm()
    for _ in range(3):
        assert getent("passwd", "erin") == ERIN.passwd()
    assert served.said().count("stays in force") == 1
    names.publish(names.text([ERIN]))
    assert getent("passwd", "erin") == ERIN.passwd()
    assert "is good again" in served.said()


def test_without_any_file_nothing_is_served_and_local_users_are_found(served):
    served.stop()
    os.unlink(names.FILE)
    served.start()
    assert getent("passwd", "erin") == ""
    assert getent("passwd", "alice") != ""
    names.publish("latchkey-names:1\n")
    assert getent("passwd", "erin") == ""
    assert ask(userName="erin")["error"] == "io.systemd.UserDatabase.ServiceNotAvailable"
    assert subprocess.run(["id", "alice"], capture_output=True, check=False).returncode == 0
    names.publish(names.text([ERIN]))
    assert getent("passwd", "erin") == ERIN.passwd()


def test_a_provisional_record_is_seen_by_roots_sshd_and_by_nobody_else(served):
    names.publish(names.text([ERIN], provisional=True))
    number = names.id_of("newcomer")
    record = f"newcomer:x:{number}:{number}:newcomer:/home/newcomer:/bin/bash\n"
    sshd = names.copy_of_getent(f"{COPIES}/sshd")
    for name in ("sshd", "sshd-session", "sshd-auth"):
        assert getent("passwd", "newcomer", program=names.copy_of_getent(f"{COPIES}/{name}")) == record
    assert getent("group", "newcomer", program=sshd) == f"newcomer:x:{number}:\n"
    assert getent("group", str(number), program=sshd) == f"newcomer:x:{number}:\n"
    assert getent("initgroups", "newcomer", program=sshd).split() == ["newcomer"]

    assert getent("passwd", "newcomer") == ""
    assert getent("passwd", "newcomer", program=names.copy_of_getent(f"{COPIES}/sshd2")) == ""
    ordinary = {"user": accounts.LAPTOP.uid, "group": accounts.LAPTOP.uid, "extra_groups": ()}
    assert getent("passwd", "newcomer", program=sshd, **ordinary) == ""
    set_uid = names.copy_of_getent(f"{COPIES}/set-uid/sshd", 0o4755)
    assert getent("passwd", "erin", program=set_uid, **ordinary) == ERIN.passwd()
    assert getent("passwd", "newcomer", program=set_uid, **ordinary) == ""

    for name in ("developers", "Newcomer", "1000", "-newcomer", "new:comer"):
        assert getent("passwd", "--", name, program=sshd) == "", name
    names.publish(names.text([ERIN]))
    assert getent("passwd", "newcomer", program=sshd) == ""


def test_the_real_sshd_sees_a_provisional_user_with_his_group(served, tmp_path):
    names.publish(names.text([ERIN], provisional=True))
    config = tmp_path / "sshd_config"
    config.write_text("UsePAM yes\nHostKey /etc/names-test-key\nMatch Group newcomer\n  Banner /seen\n")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/names-test-key"], check=True)
    os.makedirs("/run/sshd", exist_ok=True)
    try:
        for user, banner in (("newcomer", "banner /seen"), ("alice", "banner none")):
            said = subprocess.run(["/usr/sbin/sshd", "-T", "-f", str(config), "-C", f"user={user},host=h,addr=192.0.2.1"],
                                  capture_output=True, text=True, check=True).stdout
            assert banner in said.splitlines()
    finally:
        for path in ("/etc/names-test-key", "/etc/names-test-key.pub"):
            os.unlink(path)


def test_a_look_up_at_a_hung_namesd_is_answered_when_it_goes_on(served):
    served.signal(signal.SIGSTOP)
    with subprocess.Popen(["getent", "passwd", "erin"], stdout=subprocess.PIPE, text=True) as waiting:
        served.signal(signal.SIGCONT)
        assert waiting.communicate()[0] == ERIN.passwd()


def test_a_look_up_at_a_hung_namesd_ends_when_that_is_killed_and_the_next_one_is_answered(served):
    served.signal(signal.SIGSTOP)
    with subprocess.Popen(["getent", "passwd", "erin"], stdout=subprocess.PIPE, text=True) as waiting:
        served.kill()
        waiting.communicate()
    assert getent("passwd", "alice") != ""
    assert getent("passwd", "erin") == ""
    served.start()
    assert getent("passwd", "erin") == ERIN.passwd()


def test_one_user_with_all_his_connections_keeps_nobody_from_asking(served):
    held = []
    try:
        for _ in range(200):
            talk = socket.socket(socket.AF_UNIX)
            held.append(talk)
            talk.connect(SOCKET)
        assert getent("passwd", "erin", user=accounts.LAPTOP.uid, group=accounts.LAPTOP.uid, extra_groups=()) == ERIN.passwd()
        assert getent("passwd", "erin") == ERIN.passwd()
    finally:
        for talk in held:
            talk.close()
