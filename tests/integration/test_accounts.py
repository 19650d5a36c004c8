# SPDX-License-Identifier: Apache-2.0
"""Accounts of a first sign-in: people whom no file of the host knows, through a real sshd, stock libnss-systemd, latchkeyd
and latchkey-namesd, both as their units start them."""

import os
import re
import shutil
import subprocess

import pytest

from box import accounts, clients, files, names
from box.names import User, getent, id_of
from box.sessions import DEVELOPER

OPERATOR = ["corp-operators"]
MAKES = "accounts: {{ make: true, groups: [ oidc-ops ]{more} }}\n"


@pytest.fixture
def made(host):
    """A host that makes accounts; everything as it was afterwards."""
    kept = {path: files.read(path) for path in ("/etc/passwd", "/etc/group", "/etc/shadow")}
    switch = names.Switch()
    namesd = names.namesd(f"{host.folder}/namesd.log").start()
    makes(host)
    yield host
    namesd.stop()
    host.halt()
    switch.close()
    for path, text in kept.items():
        files.write(path, text, 0o640 if path == "/etc/shadow" else 0o644)
    for name in ("names", "names.new"):
        if os.path.exists(f"{os.path.dirname(names.FILE)}/{name}"):
            os.unlink(f"{os.path.dirname(names.FILE)}/{name}")


def makes(host, more: str = "", change=lambda text: text) -> None:
    host.with_config(lambda text: change(text.replace('"corp-operators": [ sre, docker ]', '"corp-operators": [ sre, docker, oidc-ops ]'))
                     + MAKES.format(more=more))


def comes_in(host, user: str, groups=tuple(DEVELOPER), command: str = "id -un", **more) -> str:
    """The reason of the refusal; what the command says where it lets them in."""
    done = clients.ssh(host.provider.token(user, list(groups), **more), user, command)
    return done.out.strip() if done.status == 0 else host.refusal(done.said)[0]


def accounts_of(host) -> dict:
    return {each["user"]: each for each in host.ctl_json("accounts", "list")["accounts"]}


def test_a_first_sign_in_is_enough(made):
    assert getent("passwd", "erin") == ""
    assert comes_in(made, "erin", command="id -u; id -g; echo $HOME $SHELL") == f"{id_of('erin')}\n{id_of('erin')}\n/home/erin /bin/bash"
    assert getent("passwd", "erin") == f"erin:x:{id_of('erin')}:{id_of('erin')}:erin:/home/erin:/bin/bash\n"
    assert comes_in(made, "erin") == "erin"
    listed = accounts_of(made)
    assert set(listed) == {"erin"} and listed["erin"]["state"] == "active" and listed["erin"]["served"]
    assert made.status()["names"] | {"path": ""} == {
        "path": "", "makes": True, "accounts": 1, "closed": 0, "lacking": [], "refused_groups": []}


def test_nothing_is_written_for_who_is_not_let_in(made):
    assert comes_in(made, "erin", []) == "access_denied"
    # sshd is shown no name that means rights, so nobody is asked about it.
    assert clients.ssh(made.provider.token("docker", DEVELOPER), "docker", "true").status == 255
    assert accounts_of(made) == {}
    makes(made, ", reserved: [ grace ]")
    assert comes_in(made, "grace") == "account_conflict"
    done = clients.ssh(made.provider.token("frank", DEVELOPER), "erin", "true")
    assert made.refusal(done.said)[0] == "user_mismatch"
    assert accounts_of(made) == {} and getent("passwd", "erin") == ""
    assert "user:" not in files.read(names.FILE)


def test_groups_follow_the_token(made):
    assert comes_in(made, "erin", OPERATOR, "id -Gn") and "oidc-ops" in getent("group", "oidc-ops")
    have = subprocess.run(["id", "-Gn", "erin"], capture_output=True, text=True, check=True).stdout.split()
    assert set(have) == {"erin", "docker", "sre", "oidc-ops"}
    assert comes_in(made, "erin") == "erin"
    have = subprocess.run(["id", "-Gn", "erin"], capture_output=True, text=True, check=True).stdout.split()
    assert set(have) == {"erin", "developers"}
    assert getent("group", "oidc-ops").endswith(":\n")


def test_sudo_by_a_group_of_the_token(made):
    assert comes_in(made, "erin", OPERATOR) == "erin"
    assert accounts_of(made)["erin"]["groups"] == ["docker", "oidc-ops", "sre"]
    token = made.provider.token("erin", OPERATOR)
    path = "/tmp/token-of-erin"
    files.write(path, token + "\n", 0o600, (id_of("erin"), id_of("erin")))
    run = f"BEARER_TOKEN_FILE={path} latchkey sudo id -u"
    assert clients.ssh(token, "erin", run).out == "0\n"
    # What the token gives no more sudoers does not give either.
    refused = clients.ssh(made.provider.token("erin", DEVELOPER), "erin", run)
    os.unlink(path)
    assert refused.status != 0 and "not in the sudoers file" in refused.said


def test_the_account_outlives_the_daemons_and_the_provider(made):
    assert comes_in(made, "erin") == "erin"
    token = made.provider.token("erin", DEVELOPER)
    made.provider.stop()
    made.latchkeyd.stop()
    made.latchkeyd.start()
    done = clients.ssh(token, "erin", "id -u")
    assert done.out == f"{id_of('erin')}\n", done.said


def test_a_local_user_is_used_as_it_is(made):
    assert comes_in(made, "alice", command="id -u") == str(accounts.ALICE.uid)
    assert accounts_of(made) == {}
    files.write("/etc/passwd", files.read("/etc/passwd") + "erin:x:4242:4242::/home/erin:/bin/sh\n")
    files.write("/etc/group", files.read("/etc/group") + "erin:x:4242:\n")
    files.write("/etc/shadow", files.read("/etc/shadow") + "erin:*:19000:0:99999:7:::\n", 0o640)
    assert comes_in(made, "erin", command="id -u") == "4242"
    assert accounts_of(made) == {}


def test_an_id_that_is_somebodys_is_not_given_away(made):
    files.write("/etc/passwd", files.read("/etc/passwd") + f"ghost:x:{id_of('erin')}:4242::/:/bin/sh\n")
    # sshd is shown no such name, so nobody is asked.
    done = clients.ssh(made.provider.token("erin", DEVELOPER), "erin", "true")
    assert done.status == 255
    assert accounts_of(made) == {}


def test_administrators_lock_unlock_and_remove(made):
    assert comes_in(made, "erin") == "erin"
    made.ctl("accounts", "lock", "erin")
    assert comes_in(made, "erin") == "account_locked"
    made.ctl("accounts", "unlock", "erin")
    assert comes_in(made, "erin") == "erin"
    made.ctl("accounts", "remove", "erin")
    assert getent("passwd", "erin") == "" and accounts_of(made)["erin"]["state"] == "removed"
    assert clients.ssh(made.provider.token("erin", DEVELOPER), "erin", "true").status == 255
    made.ctl("accounts", "unlock", "erin")
    assert comes_in(made, "erin", command="id -u") == str(id_of("erin"))
    made.ctl("accounts", "remove", "--for-good", "erin")
    assert accounts_of(made) == {}
    assert made.ctl("accounts", "lock", "erin", check=False).returncode == 1
    assert "erin" not in made.ctl("accounts", "list").stdout


def test_a_revoked_person_is_closed_and_open_again(made):
    assert comes_in(made, "erin") == "erin"
    entry = made.ctl_json("revoke", "--user", "erin")["id"]
    assert comes_in(made, "erin") == "revoked_user"
    assert accounts_of(made)["erin"]["state"] == "revoked"
    made.ctl("revocations", "remove", str(entry))
    assert comes_in(made, "erin") == "erin"
    assert accounts_of(made)["erin"]["state"] == "active"


def test_ledgers_move_between_hosts(made):
    assert comes_in(made, "erin") == "erin" and comes_in(made, "frank") == "frank"
    exported = made.ctl("accounts", "export").stdout
    made.ctl("accounts", "remove", "--for-good", "erin")
    done = subprocess.run(["latchkeyctl", "accounts", "import", "--dry-run"], input=exported, capture_output=True, text=True, check=True)
    assert done.stdout == "1 accounts and 0 groups would be imported\n"
    assert "erin" not in accounts_of(made)
    subprocess.run(["latchkeyctl", "accounts", "import"], input=exported, capture_output=True, text=True, check=True)
    assert accounts_of(made)["erin"]["uid"] == id_of("erin")
    assert comes_in(made, "erin") == "erin"
    # An id that is not the computed one waits: sshd may have shown the name with that before.
    foreign = names.text([User("grace", 1900000007)])
    subprocess.run(["latchkeyctl", "accounts", "import"], input=foreign, capture_output=True, text=True, check=True)
    assert comes_in(made, "grace") == "account_changed"
    clash = names.text([User("heidi", 1900000007), User("ivan", 1900000008)])
    done = subprocess.run(["latchkeyctl", "accounts", "import"], input=clash, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "is another's here" in done.stdout and "nothing was imported" in done.stdout
    assert "ivan" not in accounts_of(made)
    done = subprocess.run(["latchkeyctl", "accounts", "import"], input=clash[:-9], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "nothing was imported" in done.stderr


def test_a_file_that_is_damaged_or_lost_makes_and_loses_nothing(made):
    assert comes_in(made, "erin") == "erin"
    good = files.read(names.FILE)
    for text in (good.replace("erin", "erik", 1), ""):
        made.latchkeyd.stop()
        files.write(names.FILE, text)
        made.latchkeyd.start()
        assert "cannot" in str(made.status()["names"].get("error")) or made.status()["names"].get("error")
        assert comes_in(made, "alice") == "alice"
        assert files.read(names.FILE) == text
    made.latchkeyd.stop()
    os.unlink(names.FILE)
    made.latchkeyd.start()
    assert "is gone" in made.status()["names"]["error"]
    assert not os.path.exists(names.FILE)
    made.latchkeyd.stop()
    names.publish(good)
    made.latchkeyd.start()
    assert comes_in(made, "erin") == "erin"


def test_another_source_of_names_makes_none(made):
    text = files.read(names.NSSWITCH)
    files.write(names.NSSWITCH, re.sub(r"^passwd:.*$", "passwd: files sss systemd", text, flags=re.M))
    made.reload()
    made.latchkeyd.stop()
    made.latchkeyd.start()
    assert made.status()["names"]["unknown_source"] == "sss"
    assert clients.ssh(made.provider.token("erin", DEVELOPER), "erin", "true").status == 255
    assert accounts_of(made) == {}
    assert 'names "sss"' in made.ctl("status").stdout
    files.write(names.NSSWITCH, text)


def test_a_key_opens_no_account_that_nobody_has(made):
    made.with_config(lambda text: text + "managed: [ bob ]\nunmanaged: [ erin ]\n" + MAKES.format(more=""))
    erin = accounts.Person("erin", id_of("erin"))
    os.makedirs(f"{erin.home}/.ssh")
    for path in (erin.home, f"{erin.home}/.ssh"):
        os.chown(path, erin.uid, erin.uid)
    try:
        done = clients.key_login(erin)
        assert done.status == 255 and made.refusal(done.said)[0] == "user_unknown", done.said
        assert accounts_of(made) == {}
        assert comes_in(made, "erin") == "erin"
        assert clients.key_login(erin).out == "erin\n"
    finally:
        shutil.rmtree(erin.home)


def test_check_says_what_a_first_sign_in_would_come_to(made):
    files.write("/tmp/claims.json", '{"preferred_username": "erin", "sub": "s", "groups": ["corp-developers"]}')
    done = made.ctl("check", "--user", "erin", "--service", "sshd", "--claims", "/tmp/claims.json", check=False)
    os.unlink("/tmp/claims.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert accounts_of(made) == {}
