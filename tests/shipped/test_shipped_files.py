# SPDX-License-Identifier: Apache-2.0
"""Every file that is shipped, loaded by the program that it is for."""

import os
import pathlib
import pwd
import re
import shutil
import stat
import subprocess

import pytest

from box import pam, sshd

UNITS = "/usr/lib/systemd/system"
EXAMPLES = pathlib.Path(sshd.EXAMPLES)


def run(*command: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **more)


@pytest.fixture(scope="module")
def tree(installed, tmp_path_factory) -> set[str]:
    """What an installation into an empty folder holds, with modes: `755 /usr/bin/latchkey`."""
    root = tmp_path_factory.mktemp("tree")
    subprocess.run(["cmake", "--install", installed], check=True, capture_output=True, env=os.environ | {"DESTDIR": str(root)})
    return {f"{stat.S_IMODE(path.stat().st_mode):o} /{path.relative_to(root)}" for path in root.rglob("*") if path.is_file()}


def test_everything_is_where_debian_expects_it_and_nothing_else_is_installed(tree):
    architecture = next(line.split("/")[3] for line in tree if line.endswith("/security/pam_latchkey.so"))
    assert tree == {
        f"644 /usr/lib/{architecture}/security/pam_latchkey.so",
        "755 /usr/libexec/latchkey/latchkeyd",
        "755 /usr/libexec/latchkey/latchkey-fetchd",
        "755 /usr/libexec/latchkey/latchkey-endd",
        "755 /usr/libexec/latchkey/latchkey-namesd",
        "755 /usr/libexec/latchkey/latchkey-askpass",
        "755 /usr/bin/latchkey",
        "755 /usr/bin/latchkeyctl",
        "644 /usr/lib/systemd/system/latchkeyd.service",
        "644 /usr/lib/systemd/system/latchkey-fetchd.service",
        "644 /usr/lib/systemd/system/latchkey-endd.service",
        "644 /usr/lib/systemd/system/latchkey-endd-signal.service",
        "644 /usr/lib/systemd/system/latchkey-namesd.service",
        "644 /usr/lib/systemd/system/latchkey-endd.socket",
        "644 /usr/lib/systemd/system/latchkey-endd-signal.socket",
        "644 /usr/lib/systemd/system/latchkey-pam.socket",
        "644 /usr/lib/systemd/system/latchkey-control.socket",
        "644 /usr/lib/systemd/system/latchkey-fetchd.socket",
        "644 /usr/lib/sysusers.d/latchkey.conf",
        "644 /usr/lib/tmpfiles.d/latchkey.conf",
        "644 /usr/share/doc/latchkey/examples/latchkey.yaml",
        "644 /usr/share/doc/latchkey/examples/pam.d/sshd",
        "644 /usr/share/doc/latchkey/examples/pam.d/sudo",
        "644 /usr/share/doc/latchkey/examples/sshd_config.d/latchkey.conf",
        "644 /usr/share/doc/latchkey/examples/sudoers.d/latchkey",
    }


def test_the_development_provider_is_never_installed(tree):
    assert not [line for line in tree if "devidp" in line]


def test_sshd_reads_the_drop_in_and_it_wins_over_debians_settings(installed):
    sshd.install_sshd()
    checked = run("sshd", "-t")
    assert (checked.returncode, checked.stderr) == (0, "")
    effective = run("sshd", "-T").stdout.splitlines()
    for line in ("usepam yes", "kbdinteractiveauthentication yes", "passwordauthentication no", "logingracetime 300"):
        assert line in effective


def test_visudo_accepts_the_sudoers_example(installed):
    checked = run("visudo", "-c", "-s", "-f", str(EXAMPLES / "sudoers.d/latchkey"))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_systemd_verifies_every_unit_without_a_word(installed):
    units = sorted(str(path) for path in pathlib.Path(UNITS).glob("latchkey*"))
    assert len(units) == 10
    checked = run("systemd-analyze", "verify", "--man=no", *units)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("unit, tenths", [("latchkeyd", 3), ("latchkey-fetchd", 11), ("latchkey-endd", 9),
                                          ("latchkey-endd-signal", 10), ("latchkey-namesd", 5)])
def test_the_exposure_of_each_daemon_is_no_more_than_promised(installed, unit, tenths):
    checked = run("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={tenths}",
                  f"{UNITS}/{unit}.service")
    assert checked.returncode == 0, checked.stdout
    assert "Overall exposure level" in checked.stdout


@pytest.mark.parametrize("unit", ["latchkeyd.service", "latchkey-fetchd.service", "latchkey-endd.service",
                                  "latchkey-endd-signal.service", "latchkey-namesd.service"])
def test_a_daemon_comes_back_without_limit(installed, unit):
    lines = pathlib.Path(UNITS, unit).read_text().splitlines()
    for line in ("Restart=always", "RestartSec=100ms", "StartLimitIntervalSec=0", "Type=notify"):
        assert line in lines
    assert any(line.startswith("WatchdogSec=") for line in lines)


@pytest.mark.parametrize("unit, line", [
    ("latchkey-pam.socket", "SocketMode=0600"),
    ("latchkey-pam.socket", "SocketUser=root"),
    ("latchkey-control.socket", "SocketMode=0660"),
    ("latchkey-control.socket", "SocketGroup=latchkey-admin"),
    ("latchkey-fetchd.socket", "SocketMode=0600"),
    ("latchkey-fetchd.socket", "SocketUser=latchkey"),
    ("latchkey-endd.socket", "SocketMode=0600"),
    ("latchkey-endd.socket", "SocketUser=latchkey"),
    ("latchkey-endd-signal.socket", "SocketMode=0600"),
    ("latchkey-endd-signal.socket", "SocketUser=root"),
])
def test_who_may_speak_is_decided_by_the_socket(installed, unit, line):
    assert line in pathlib.Path(UNITS, unit).read_text().splitlines()


def test_each_daemon_has_a_system_user_that_nobody_can_sign_in_as(installed):
    for name in ("latchkey", "latchkey-fetch", "latchkey-names"):
        user = pwd.getpwnam(name)
        assert user.pw_uid < 1000
        assert user.pw_shell.endswith("nologin")


@pytest.mark.parametrize("path, mode, owner", [
    ("/run/latchkey", 0o755, "root"),
    ("/run/latchkey-fetch", 0o755, "root"),
    ("/run/latchkey-endd", 0o755, "root"),
    ("/run/latchkey-endd-signal", 0o755, "root"),
    ("/run/latchkey-sessions", 0o700, "root"),
    ("/etc/latchkey", 0o755, "root"),
    ("/var/lib/latchkey", 0o700, "latchkey"),
    ("/var/lib/latchkey-names", 0o755, "latchkey"),
    ("/run/latchkey-names", 0o755, "latchkey-names"),
    ("/run/systemd/userdb", 0o755, "root"),
])
def test_folders_have_the_owner_that_their_users_rely_on(installed, path, mode, owner):
    found = os.stat(path)
    assert (stat.S_IMODE(found.st_mode), pwd.getpwuid(found.st_uid).pw_name) == (mode, owner)


def test_names_are_served_by_a_link_to_a_socket_that_no_unit_holds(installed):
    assert os.readlink("/run/systemd/userdb/io.latchkey.Names") == "/run/latchkey-names/names.sock"
    assert not pathlib.Path(UNITS, "latchkey-namesd.socket").exists()
    lines = pathlib.Path(UNITS, "latchkey-namesd.service").read_text().splitlines()
    assert "WatchdogSec=3s" in lines
    assert not [line for line in lines if line.startswith(("Before=", "DynamicUser=", "PrivateUsers=", "ProtectProc="))]


def test_the_example_configuration_is_one(installed):
    checked = run("latchkeyctl", "config", "check", str(EXAMPLES / "latchkey.yaml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("argument, status", [("--help", 0), ("--hlep", 2)])
def test_the_demo_does_nothing_but_answer_where_it_is_asked_for_help_or_misspelt(argument, status):
    told = run("bash", f"{os.environ['LATCHKEY_SOURCE']}/demo", argument)
    assert told.returncode == status
    assert told.stdout.startswith("demo: shows Latchkey at work") or (status == 2 and "--help" in told.stderr)
    assert "Packages" not in told.stdout


def readme_example(key: str) -> str:
    text = (pathlib.Path(os.environ["LATCHKEY_SOURCE"]) / "README.md").read_text()
    return next(block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if f"\n{key}:" in block)


def test_the_readmes_configuration_is_one_without_a_warning(installed, tmp_path):
    (tmp_path / "latchkey.yaml").write_text(readme_example("issuers"))
    checked = run("latchkeyctl", "config", "check", str(tmp_path / "latchkey.yaml"))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_readmes_configuration_of_a_user_is_one(installed, tmp_path):
    (tmp_path / "latchkey").mkdir()
    (tmp_path / "latchkey/config.yaml").write_text(readme_example("hosts"))
    (tmp_path / ".token").write_text("a.b.c\n")
    printed = run("latchkey", "token", env={"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)})
    assert (printed.returncode, printed.stdout, printed.stderr) == (0, "a.b.c\n", "")


@pytest.mark.parametrize("service", sshd.STACKS)
def test_the_readme_has_every_pam_file_put_in_place_that_sudo_and_sshd_read(service):
    # What the tests put in place and the README does not would be a gate that stands open on a real host.
    assert f"`/etc/pam.d/{service}`" in (pathlib.Path(os.environ["LATCHKEY_SOURCE"]) / "README.md").read_text()


@pytest.mark.parametrize("service", ["sshd", "sudo"])
def test_libpam_reads_the_stack_and_lets_root_through_without_a_daemon(machine, tmp_path, service):
    machine.halt()
    for listener in machine.sockets.values():
        listener.close()
    for path in pathlib.Path("/etc/pam.d").glob("common-*"):
        shutil.copy(path, tmp_path)
    shutil.copy(EXAMPLES / "pam.d" / service, tmp_path)
    mark = machine.logs.mark()
    with pam.Pam(service, "root", folder=str(tmp_path)) as transaction:
        assert transaction.account() == pam.SUCCESS
    with pam.Pam(service, "alice", folder=str(tmp_path)) as transaction:
        assert transaction.account() == pam.AUTHINFO_UNAVAIL
    said = machine.logs.since(mark)
    for complaint in ("PAM unable", "PAM bad", "PAM error", "unknown option", "bad jump"):
        assert complaint not in said
