# SPDX-License-Identifier: Apache-2.0
"""F4, F5, F6, F9, F10 and F30 of an introspection endpoint: whatever it does, nobody is let in who should not be, another
issuer's logins do not notice, it is asked no more than is configured, and its next good answer ends it without a restart."""

import json
import time

import pytest

from fetching import faults
from fetching.introspection import PATH
from harness.asked import GUESS, QUESTION_S
from harness.scenario import FAULT_S, WORKERS_S, refuse
from harness.traffic import TokenClass, flood
from harness.verdicts import BUDGET, Allowance

MEMORY_KB_MOST = 2048  # F6 of SECURITY section 4, for each process
HELD_KB_MOST = 4096  # while 32 questions are held open at once, each with its TLS
HELD_BACK_S = 5  # question_gate.h
NO_ANSWER = frozenset({"introspection_unavailable", "introspection_answer_invalid"})
YES = b'{"active":true}'  # whoever takes it lets in what was taken back
JSON = {"Content_Type": "application/json"}


def go(asked, name, on, off, says: str, memory_kb_most: int = MEMORY_KB_MOST) -> None:
    """One fault: its traffic and its end. Tokens of the other issuer are excused from nothing."""
    world, traffic, corp = asked.world, asked.traffic, asked.corp
    kinds = frozenset(traffic.rights) - {"theirs"}
    quiet = asked.quiet()
    marks, before = world.marks(), world.memory_kb()
    world.reset_peaks()
    began = time.monotonic()
    on()
    traffic.seconds(FAULT_S)
    traffic.until(lambda: corp.asking(world)["state"] == "fails", f"{name}: a question that failed")
    last_error = corp.asking(world)["last_error"]
    ended = time.monotonic()
    off()
    traffic.until(lambda: corp.asking(world)["state"] == "answers", "a good answer")
    back = time.monotonic()
    peak = {who: most - before[who][0] for who, (_, most) in world.memory_kb().items()}
    traffic.seconds(1)
    # Who comes while a question about the same token is under way waits for what becomes of that one; and an endpoint
    # that failed often is asked again after a while only.
    excused = Allowance(began, ended + HELD_BACK_S + QUESTION_S + WORKERS_S, NO_ANSWER, kinds)
    asked.finish(f"asking: {name}", quiet, began, ended, allowances=[excused], back=back,
                 requests=corp.questions(began, ended), requests_most=corp.questions_most(began, ended),
                 memory_peak_kb=peak)
    assert says in last_error, last_error
    assert says in world.said_since(marks)
    assert max(peak.values()) <= memory_kb_most, f"resident memory grew by up to {peak} kB"


def answered(asked, name: str, answer, says: str, **more) -> None:
    corp = asked.corp

    def on() -> None:
        corp.provider.routes = corp.provider.routes | {PATH: answer}
    go(asked, name, on, corp.serve, says, **more)


@pytest.mark.parametrize("name, answer, says", [
    ("500", faults.document(YES, 500, **JSON), "HTTP status 500"),
    ("401, our credential is not taken", faults.document(YES, 401, **JSON), "HTTP status 401"),
    ("429 with Retry-After", faults.document(YES, 429, Retry_After="1", **JSON), "HTTP status 429"),
    ("200 with HTML", faults.document(b"<html>active</html>", Content_Type="text/html"), "Content-Type"),
    ("HTML that says JSON", faults.document(b"<html>active</html>", **JSON), "the answer"),
    ("nothing", faults.document(b"", **JSON), "the"),
    ("half an answer", faults.half(YES * 10), "transfer: "),
    ("active as a text", faults.document(b'{"active":"true"}', **JSON), "boolean"),
    ("active twice", faults.document(b'{"active":false,"active":true}', **JSON), "duplicate"),
    ("a JWT that nobody asked for", faults.document(b"e30.e30.AAAA", Content_Type="application/token-introspection+jwt"),
     "wants JSON"),
    ("a redirect", faults.redirect(307, "https://127.0.0.1/elsewhere"), "redirects are refused"),
])
def test_f4_wrong_answers(asked, name, answer, says):
    answered(asked, name, answer, says)


def test_f4_a_good_word_about_another_token(asked):
    """The endpoint has mixed them up: that is an answer, and the decision sees that it is about somebody else."""
    corp, world, traffic = asked.corp, asked.world, asked.traffic
    quiet = asked.quiet()
    on = time.monotonic()
    other = json.dumps({"active": True, "token_type": "Bearer", "sub": "somebody", "jti": "else"}).encode()
    corp.provider.routes = corp.provider.routes | {PATH: faults.document(other, **JSON)}
    traffic.seconds(FAULT_S)
    off = time.monotonic()
    corp.serve()
    traffic.seconds(FAULT_S)
    kinds = frozenset(traffic.rights) - {"theirs"}
    # Of an opaque token it is a word without what the claims policy wants; it is kept like any other.
    reasons = NO_ANSWER | {"claim_missing"}
    asked.finish("asking: a word about another token", quiet, on, off, requests=corp.questions(on, off),
                 requests_most=corp.questions_most(on, off),
                 allowances=[Allowance(on, off + QUESTION_S + WORKERS_S, reasons, kinds)])
    assert corp.asking(world)["state"] == "answers"


@pytest.mark.parametrize("name, answer, says", [
    ("1 byte a second", faults.drip(YES), "timeout: "),
    ("silence after the question", faults.silence, "timeout: "),
    ("reset in the middle", faults.reset, "transfer: "),
])
def test_f5_slow_answers(asked, name, answer, says):
    answered(asked, name, answer, says, memory_kb_most=HELD_KB_MOST)


@pytest.mark.parametrize("name, door, says", [
    ("silence before the handshake", "silent", "timeout: "),
    ("accepts and closes", "close", "TLS: "),
    ("refuses to be connected to", "refuse", "connection: "),
])
def test_f5_doors(asked, name, door, says):
    corp = asked.corp
    go(asked, name, lambda: corp.provider.stand_behind(door), corp.serve, says, memory_kb_most=HELD_KB_MOST)


@pytest.mark.parametrize("name, answer, says", [
    ("1 GB that says so", faults.gigabyte, "larger than 65536 bytes"),
    ("endless chunks", faults.endless_chunks, "larger than 65536 bytes"),
    ("endless header", faults.endless_headers, "the header is larger than 65536 bytes"),
    ("250 kB of gzip, 250 MB of zeros", faults.small_gzip_bomb(), "larger than 65536 bytes"),
    ("64 kB of brackets", faults.document(b'{"active":' + b"[" * 32_000 + b"]" * 32_000 + b"}", **JSON), "the answer"),
])
def test_f6_oversize_answers(asked, name, answer, says):
    answered(asked, name, answer, says)


@pytest.mark.parametrize("what", ["expired", "another host's", "of an unknown authority"])
def test_f10_bad_certificates(asked, authorities, what):
    provider = asked.corp.provider
    bad, good = authorities[0].issue_bad(what, authorities[1]), authorities[0].issue()
    go(asked, f"certificate {what}", lambda: provider.use_certificate(bad), lambda: provider.use_certificate(good), "TLS")


@pytest.mark.parametrize("whence, source, count", [("one source", "192.0.2.66", 2_000), ("many sources", "10.66.", 8_000)])
def test_f9_flood_of_guesses(asked, whence, source, count):
    """Opaque tokens that nobody was given, a new one each time, as fast as the socket takes them."""
    corp = asked.corp
    kind = TokenClass("flood", 1, refuse("token_inactive"), [GUESS], source=source)
    quiet = asked.quiet()
    came = flood(asked.world, kind, count)
    asked.finish(f"asking: {count} guesses, {whence}", quiet, came.on, came.off, requests=corp.questions(came.on, came.off),
                 requests_most=corp.questions_most(came.on, came.off), **came.columns())
    came.judge(count, "token_inactive", HELD_KB_MOST)
    if whence == "one source":
        held_back = [record for record in asked.traffic.between(came.on, came.off) if record.reason == BUDGET and not record.module]
        assert not held_back, f"{len(held_back)} logins of others found no question left, such as {held_back[:3]}"
