# SPDX-License-Identifier: Apache-2.0
"""A name server that is silent about one issuer's host: its look-ups are counted until they end, and no other issuer notices."""

import contextlib
import functools
import os
import resource

import pytest

from fetching.daemon import Fetchd
from fetching.introspection import PATH
from fetching.name_server import NameServer
from fetching.questions import ask_about_a_token, ask_one_that_is_stopped, asked_section
from fetching.setting import IN_BOX
from fetching.stub_provider import StubProvider, document

pytestmark = IN_BOX

SILENT, GOOD, GONE = "silent.fetchd.example", "good.fetchd.example", "gone.fetchd.example"
OF_HOST_MOST = 3
HANGING = f"{OF_HOST_MOST} look-ups of this name hang"
TRIES_MOST = 60


@pytest.fixture(name="name_server")
def _name_server():
    with contextlib.closing(NameServer({SILENT: "127.0.0.1", GOOD: "127.0.0.1"})) as name_server:
        name_server.silent_about.add(SILENT)
        yield name_server


@pytest.fixture(name="good")
def _good(authority):
    with contextlib.closing(StubProvider(authority.issue(host=GOOD), host=GOOD)) as provider:
        provider.routes[PATH] = document(b'{"active":true}', Content_Type="application/json")
        yield provider


@pytest.fixture(name="asked_section")
def _asked_section(authority, tmp_path):
    return functools.partial(asked_section, authority, tmp_path)


def threads(fetchd: Fetchd) -> int:
    return len(os.listdir(f"/proc/{fetchd.process.pid}/task"))


def test_look_ups_that_hang_are_bounded_and_no_other_issuer_notices(start, name_server, good, asked_section):
    fetchd = start(asked_section("lost", f"https://{SILENT}"), asked_section("corp", good.origin, fetch_timeout="30s"))
    # They hang one after the other: each is shared as long as it is young.
    for _ in range(TRIES_MOST):
        answer = ask_about_a_token(fetchd, "lost")
        assert answer.error.startswith("lost: introspection: "), answer
        if HANGING in answer.error:
            break
    else:
        pytest.fail(f"never bounded: {answer}")
    assert threads(fetchd) == 1 + OF_HOST_MOST
    for _ in range(TRIES_MOST // 2):
        answer = fetchd.fetch("lost")
        assert answer.status == "failed" and HANGING in answer.error, answer
        assert fetchd.fetch("corp").status == "ok"
        assert ask_about_a_token(fetchd, "corp").status == "ok"
    assert threads(fetchd) <= 1 + OF_HOST_MOST + 1
    assert name_server.asked


def untell(fetchd: Fetchd, name_server: NameServer) -> None:
    """Has a look-up end that was told nothing; those that hang behind it then say so, too."""
    told, name_server.mode = name_server.mode, "fail"
    name_server.silent_about.discard(SILENT)
    # One that hangs is shared as long as it is young.
    assert any(ask_about_a_token(fetchd, "lost").status == "unreachable" for _ in range(TRIES_MOST))
    name_server.mode = told
    name_server.silent_about.add(SILENT)


def test_a_look_up_that_hangs_says_nothing_of_the_name_until_one_has_ended(start, name_server, asked_section):
    fetchd = start(asked_section("lost", f"https://{SILENT}"))
    answer = ask_about_a_token(fetchd, "lost")
    assert answer.status == "failed" and "look-up" in answer.error, answer
    untell(fetchd, name_server)
    answer = ask_about_a_token(fetchd, "lost")
    assert answer.status == "unreachable" and "look-up" in answer.error, answer


def test_a_fetchd_that_was_stopped_takes_no_name_for_gone(start, name_server, good, asked_section):
    section = asked_section("lost", f"https://{SILENT}")
    late, clock = start(section, asked_section("corp", good.origin)), start(section)
    untell(late, name_server)
    answer, told = ask_one_that_is_stopped(late, clock, "lost", lambda: ask_about_a_token(late, "corp"))
    assert told.status == "failed", told
    assert answer.status == "failed" and "itself was late" in answer.error, answer


def test_a_name_that_is_unknown_or_that_the_name_server_fails_at_is_nobody_there(start, name_server, asked_section):
    fetchd = start(asked_section("gone", f"https://{GONE}", fetch_timeout="30s"))
    for mode in ("missing", "fail"):
        name_server.mode = mode
        answer = ask_about_a_token(fetchd, "gone")
        assert answer.status == "unreachable", answer
        assert answer.error.startswith(f"gone: introspection: name look-up: {GONE}: "), answer


def test_without_threads_it_is_our_own_failure_and_nobody_is_taken_for_gone(start, name_server, good, asked_section):
    fetchd = start(asked_section("corp", good.origin, fetch_timeout="30s"))
    # Of a task, an address space that is full refuses the stack of a new one; root is exempt from RLIMIT_NPROC.
    pages = int(open(f"/proc/{fetchd.process.pid}/statm", encoding="ascii").read().split()[0])
    used = pages * resource.getpagesize()
    resource.prlimit(fetchd.process.pid, resource.RLIMIT_AS, (used + 6_000_000, resource.RLIM_INFINITY))
    answer = ask_about_a_token(fetchd, "corp")
    assert answer.status == "failed" and "no thread can be started" in answer.error, answer
    resource.prlimit(fetchd.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert ask_about_a_token(fetchd, "corp").status == "ok"
