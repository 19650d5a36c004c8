# SPDX-License-Identifier: Apache-2.0
"""What of an endpoint that does not answer is nobody there: a signature may then do in the place of the provider's word. Whoever
has taken the connection is somebody: how long it says nothing may depend on the token."""

import contextlib
import pathlib
import socket
import struct
import threading
import time

import pytest

from fetching.introspection import PATH
from fetching.questions import ask_about_a_token, ask_one_that_is_stopped, asked_section
from fetching.stub_provider import METADATA, Proxy, document, raw

INACTIVE = document(b'{"active":false}', Content_Type="application/json")


@pytest.fixture(name="released")
def _released():
    released = threading.Event()
    yield released
    released.set()


class Full:
    """A listener whose queue is full: who comes to it is not answered, not even by the kernel."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self._address = self._listener.getsockname()
        self._first = socket.create_connection(self._address)
        self.origin = f"https://127.0.0.1:{self._address[1]}"

    def until_somebody_waits(self) -> None:
        port = f"0100007F:{self._address[1]:04X}"
        syn_sent = "02"
        deadline = time.monotonic() + 60
        while not any(line.split()[2:4] == [port, syn_sent] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()):
            assert time.monotonic() < deadline, "nobody comes"

    def close(self) -> None:
        self._first.close()
        self._listener.close()


@pytest.fixture(name="full")
def _full():
    with contextlib.closing(Full()) as full:
        yield full


@pytest.fixture(name="asked")
def _asked(authority, tmp_path, provider):
    return lambda **members: asked_section(authority, tmp_path, "corp", provider.origin, **members)


@pytest.mark.parametrize("bytes_that_come, status", [
    (b"", "failed"), (b"H", "failed"), (b"HTTP/1.1 200 OK", "failed"), (b"HTTP/1.1 403 " + b"A" * 40_000, "failed"),
    (b"HTTP/1.1 100 Continue\r\n\r\n", "failed"), (b"HTTP/1.1 200 OK\r\nContent-Ty", "failed"),
])
def test_who_has_sent_a_byte_is_there(start, provider, released, asked, bytes_that_come, status):
    provider.routes[PATH] = raw(bytes_that_come, hold=released)
    answer = ask_about_a_token(start(asked()), "corp")
    assert answer.status == status and "timeout: " in answer.error, answer


def test_metadata_are_not_given_up_for_being_slow(start, provider, released, asked):
    """curl's bound on the speed ends what has no 256 bytes in a second; a question has all of its time."""
    section = asked(fetch_timeout="3s")
    del section["introspection_endpoint"]
    provider.routes[METADATA] = raw(hold=released)
    answer = ask_about_a_token(start(section), "corp")
    assert answer.status == "failed" and "timed out after" in answer.error, answer


def test_a_failed_question_does_not_send_the_next_one_to_the_metadata(start, provider, asked, released):
    section = asked()
    del section["introspection_endpoint"]
    provider.routes[METADATA] = document(provider.metadata(introspection_endpoint=provider.origin + PATH))
    provider.routes[PATH] = document(b"no", status=400)
    fetchd = start(section)
    assert ask_about_a_token(fetchd, "corp").status == "failed"
    provider.routes[METADATA] = raw(hold=released)
    provider.routes[PATH] = INACTIVE
    answer = ask_about_a_token(fetchd, "corp")
    assert answer.status == "ok", answer


def test_who_has_told_the_metadata_is_there(start, provider, asked, released):
    section = asked()
    del section["introspection_endpoint"]
    provider.routes[METADATA] = document(provider.metadata(introspection_endpoint=provider.origin + PATH))
    provider.routes[PATH] = raw(hold=released)
    answer = ask_about_a_token(start(section), "corp")
    assert answer.status == "failed" and "timeout: " in answer.error, answer


def test_where_no_connection_is_taken_nobody_is_there(start, authority, tmp_path, full):
    answer = ask_about_a_token(start(asked_section(authority, tmp_path, "corp", full.origin)), "corp")
    assert answer.status == "unreachable" and "timeout: " in answer.error, answer
    full.close()
    answer = ask_about_a_token(start(asked_section(authority, tmp_path, "corp", full.origin)), "corp")
    assert answer.status == "unreachable" and "connection: " in answer.error, answer


def test_who_takes_the_connection_and_nothing_else_is_there(start, authority, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        section = asked_section(authority, tmp_path, "corp", f"https://127.0.0.1:{silent.getsockname()[1]}")
        answer = ask_about_a_token(start(section), "corp")
    assert answer.status == "failed" and "timeout: " in answer.error, answer


def test_who_takes_the_connection_and_resets_it_is_there(start, authority, tmp_path):
    """At once: curl may see the reset before it has begun TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def reset_all() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken, _ = listener.accept()
                    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    taken.close()
        resetting = threading.Thread(target=reset_all)
        resetting.start()
        fetchd = start(asked_section(authority, tmp_path, "corp", f"https://127.0.0.1:{listener.getsockname()[1]}"))
        statuses = {ask_about_a_token(fetchd, "corp").status for _ in range(20)}
        listener.shutdown(socket.SHUT_RDWR)
        resetting.join()
    assert statuses == {"failed"}


def test_a_fetchd_that_was_stopped_takes_nobody_for_gone(start, authority, tmp_path, full):
    section = asked_section(authority, tmp_path, "corp", full.origin)
    late, clock = start(section), start(section)
    answer, told = ask_one_that_is_stopped(late, clock, "corp", full.until_somebody_waits)
    assert told.status == "unreachable", told
    assert answer.status == "failed" and "itself was late" in answer.error, answer
    answer = ask_about_a_token(late, "corp")
    assert answer.status == "unreachable", f"what was lost before it is not excused: {answer}"


def test_a_proxy_that_takes_the_connection_is_there_whoever_is_silent_behind_it(start, provider, released, asked):
    provider.routes[PATH] = raw(hold=released)
    with contextlib.closing(Proxy()) as proxy:
        answer = ask_about_a_token(start(asked(proxy=proxy.url)), "corp")
        released.set()
        assert answer.status == "failed" and proxy.heads, answer
