# SPDX-License-Identifier: Apache-2.0
"""`introspection_down: signature` while the endpoint is up: whatever others draw from it, and however late latchkey-fetchd is
itself, no token that the provider has taken back is let in by its signature."""

import os
import signal
import time

import pytest

from fetching import faults
from fetching.fault_provider import METADATA
from harness.asked import QUESTION_S
from harness.scenario import FAULT_S, WORKERS_S
from harness.verdicts import BUDGET, Allowance

HELD_BACK_S = 5  # question_gate.h
NO_ANSWER = frozenset({"introspection_unavailable", "token_inactive", BUDGET, "-"})
LINES = faults.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + b"Cache-Control:\r\n" * 4_000
                   + b"Content-Length: 16\r\n\r\n" + b'{"active":false}')


def attack(down, name: str, on, off, seconds: float = 2 * FAULT_S) -> None:
    """Nobody who was taken back is let in, and that is all that is asked of this time."""
    corp, traffic = down.corp, down.traffic
    quiet = down.quiet()
    began = time.monotonic()
    on()
    traffic.seconds(seconds)
    off()
    ended = time.monotonic()
    corp.apart, corp.guesses, down.other.guesses = {}, None, None
    corp.serve()
    traffic.seconds(QUESTION_S + WORKERS_S)  # what hangs has ended
    excused = Allowance(began, ended + HELD_BACK_S + QUESTION_S + WORKERS_S, NO_ANSWER)
    tally = down.finish(f"down: {name}", quiet, began, ended, allowances=[excused], requests=corp.questions(began, ended),
                        requests_most=corp.questions_most(began, ended))
    assert not tally.wrong_accepts
    refused = [record for record in traffic.between(began, ended) if record.reason == "token_inactive"]
    assert refused, "nobody was asked about"


def nothing() -> None:
    pass


def test_guesses_that_fail_while_metadata_hang(down):
    def on() -> None:
        down.corp.guesses = faults.document(b"no", 400)
        down.corp.provider.routes = down.corp.provider.routes | {METADATA: faults.silence}
    attack(down, "guesses draw 400, metadata hang", on, nothing)


@pytest.mark.parametrize("name, answer", [("500", faults.document(b"no", 500)), ("silence", faults.silence),
                                          ("429", faults.document(b"no", 429, Retry_After="1"))])
def test_guesses_that_draw(down, name, answer):
    def on() -> None:
        down.corp.guesses = answer
    attack(down, f"guesses draw {name}", on, nothing)


def test_one_bearers_tokens_hang(down):
    """They take all of the issuer's places, so that all that ends is silence."""
    def on() -> None:
        down.corp.apart = {token: faults.silence for token in down.corp.his.tokens}
        down.traffic.weight("his", 300)
    attack(down, "one bearer's tokens hang", on, lambda: down.traffic.weight("his", 1))


def test_an_endpoint_that_answers_one_question_after_another(down):
    """Guesses from one address put everybody's questions far back in its queue."""
    def on() -> None:
        down.corp.answer_s = 0.3
        down.traffic.weight("guesses_at_corp", 60)

    def off() -> None:
        down.corp.answer_s = 0.0
        down.traffic.weight("guesses_at_corp", 4)
    attack(down, "one answer after another", on, off, seconds=4 * FAULT_S)


def test_another_issuer_answers_with_thousands_of_header_lines(down):
    def on() -> None:
        down.other.guesses = LINES
    attack(down, "another issuer's 4,000 header lines", on, nothing)


def test_a_fetchd_that_is_stopped_for_longer_than_a_question_takes(down):
    pid = down.world.fetchd.pid
    attack(down, "latchkey-fetchd stopped", lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT),
           seconds=QUESTION_S + WORKERS_S)  # and for less than latchkeyd waits for it
