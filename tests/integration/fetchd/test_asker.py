# SPDX-License-Identifier: Apache-2.0
"""Who asks latchkey-fetchd, and the service manager."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from fetching import stub_provider
from fetching.daemon import DEADLINE_S
from fetching.setting import FETCHD, NOBODY, open_to_others, section
from fetching.stub_provider import METADATA, document


def test_other_digests_read_the_configuration_anew_and_then_ask_for_a_reload(start, provider, authority):
    fetchd = start(provider)
    answer = fetchd.fetch("corp", digest="0" * 64)
    assert answer.status == "reload"
    assert provider.requests == []
    assert fetchd.fetch("nobody", digest="0" * 64).status == "reload"
    # The file changes and nobody says so: the digest of the asker, who has read it, does.
    fetchd.write_config([section(provider, authority, fetch_timeout="7s")])
    assert fetchd.fetch("corp").status == "ok"


def test_a_bad_configuration_changes_nothing_and_is_named(start, provider, authority):
    fetchd = start(provider)
    digest = fetchd.digest("corp")
    fetchd.config.write_text("version: 1\nissuers: [\n")
    fetchd.reload()
    assert f"{fetchd.config}:" in fetchd.log()
    assert fetchd.fetch("corp", digest=digest).status == "ok"
    answer = fetchd.fetch("corp", digest="0" * 64)
    assert answer.status == "reload"
    assert str(fetchd.config) in answer.error
    fetchd.write_config([section(provider, authority, name="renamed")])
    fetchd.reload()
    assert fetchd.fetch("renamed").status == "ok"


@pytest.mark.parametrize("message", [
    b"{", b"[]", b"null", b'{"v":1,"id":1,"issuer":"corp","digest":"d","document":"jwks","url":"https://example.com"}',
    b'{"v":2,"id":1,"issuer":"corp","digest":"d","document":"jwks"}', b"x" * 8193, b"\x00"])
def test_a_broken_request_ends_its_connection_only(start, provider, message):
    fetchd = start(provider)
    with fetchd.connect() as good, fetchd.connect() as broken:
        broken.send(message)
        assert broken.is_closed()
        good.ask("corp")
        assert good.answer().status == "ok"


def test_a_request_with_a_descriptor_ends_its_connection(start, provider):
    fetchd = start(provider)
    request = {"v": 1, "id": 1, "issuer": "corp", "digest": fetchd.digest("corp"), "document": "jwks"}
    with fetchd.connect() as latchkeyd, open(os.devnull, "rb") as file:
        latchkeyd.send(json.dumps(request).encode(), (file.fileno(),))
        assert latchkeyd.is_closed()
    assert provider.requests == []


def test_an_asker_that_leaves_takes_its_fetches_along(start, provider, authority):
    asked, left = threading.Event(), threading.Event()
    provider.routes[METADATA] = stub_provider.until_left(asked, left)
    fetchd = start(section(provider, authority, fetch_timeout="1m"))
    with fetchd.connect() as latchkeyd:
        latchkeyd.ask("corp")
        assert asked.wait(DEADLINE_S)
        assert not left.is_set()
    # A fetch that went on would be given up for its lack of speed at half its timeout, later than we wait here.
    assert left.wait(DEADLINE_S / 3)
    provider.routes[METADATA] = document(provider.metadata())
    assert fetchd.fetch("corp").status == "ok"


def test_many_requests_on_one_connection_are_all_answered(start, provider):
    fetchd = start(provider)
    digest = fetchd.digest("corp")
    with fetchd.connect() as latchkeyd:
        wanted = {latchkeyd.ask("corp", digest=digest) for _ in range(40)}
        answers = [latchkeyd.answer() for _ in wanted]
    assert {answer.message["id"] for answer in answers} == wanted
    assert {answer.status for answer in answers} == {"ok"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
def test_another_user_is_refused_even_where_the_socket_lets_him_in(start, provider):
    fetchd = start(provider)
    assert fetchd.socket.stat().st_mode & 0o777 == 0o600
    open_to_others(fetchd.folder)
    fetchd.socket.chmod(0o666)
    script = ("import socket,sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.settimeout(60);"
              "s.connect(sys.argv[1]); sys.exit(0 if s.recv(1) == b'' else 1)")
    seen = subprocess.run(["/usr/bin/python3", "-c", script, str(fetchd.socket)], user=NOBODY, group=NOBODY,
                          extra_groups=[], check=False)
    assert seen.returncode == 0
    assert f"a connection of uid {NOBODY} is refused" in fetchd.log()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give the socket away")
def test_the_one_peer_owns_the_socket(start, provider):
    fetchd = start(provider, arguments=["--peer-uid", str(NOBODY)])
    assert fetchd.socket.stat().st_uid == NOBODY
    assert fetchd.socket.stat().st_mode & 0o777 == 0o600


def test_a_socket_of_the_service_manager_is_served(start, provider):
    fetchd = start(provider, activated=True)
    assert fetchd.fetch("corp").status == "ok"


def test_the_service_manager_hears_of_readiness_reloads_life_and_the_end(start, provider):
    fetchd = start(provider, environment={"WATCHDOG_USEC": "20000"})
    for _ in range(3):
        fetchd.manager.wait_for("WATCHDOG=1")
    fetchd.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in fetchd.manager.wait_for("RELOADING=1")
    fetchd.manager.wait_for("READY=1")
    fetchd.process.send_signal(signal.SIGTERM)
    fetchd.manager.wait_for("STOPPING=1")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to run it as somebody else")
def test_no_core_and_no_debugger(start, provider, tmp_path):
    program = tmp_path / "latchkey-fetchd"  # the build may lie where nobody else may look
    shutil.copy(FETCHD, program)
    open_to_others(tmp_path)
    fetchd = start(provider, user=NOBODY, program=str(program))
    # What /proc shows of a process that may not be dumped belongs to root, whoever it runs as (proc(5)).
    assert os.stat(f"/proc/{fetchd.process.pid}").st_uid == NOBODY
    assert os.stat(f"/proc/{fetchd.process.pid}/environ").st_uid == 0
    limits = pathlib.Path(f"/proc/{fetchd.process.pid}/limits").read_text(encoding="ascii")
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]


@pytest.mark.parametrize("arguments, code", [
    (["--help"], 0), (["--version"], 0), (["--nonsense"], 64), (["surplus"], 64), (["--peer-user", "nobody-there"], 64),
    ([], 64), (["--socket", "relative.sock"], 71), (["--socket", "/nonexistent/f.sock"], 71),
    (["--config", "/nonexistent.yaml", "--check"], 78), (["--log-level", "loud"], 64)])
def test_exit_codes_tell_what_went_wrong(arguments, code):
    ended = subprocess.run([FETCHD, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert ended.returncode == code, ended.stderr
    assert (ended.stderr == "") == (code == 0)
