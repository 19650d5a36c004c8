# SPDX-License-Identifier: Apache-2.0
"""The oracle: which verdict is right for a login, and what became of it. Counts, and judges nothing by the clock but
whether a login lay in a span in which another verdict is right too.

A wrong accept is a login that was let in and should not have been, whatever happens around it: no fault makes one right.
A wrong refusal is a good token that was refused outside the spans that its fault allows. A refusal for a spent budget is
counted apart, and so is a bad token that was refused for another reason than its own.
"""

import dataclasses

ALLOW, REFUSE = "allow", "refuse"
NO_ANSWER = frozenset({"silent", "closed", "unreachable", "pam_9", "pam_19", "unavailable"})
BUDGET = "budget_exhausted"


@dataclasses.dataclass(frozen=True)
class Record:
    due: float  # seconds of time.monotonic()
    start: float
    end: float
    kind: str
    outcome: str
    reason: str
    module: bool = False

    @property
    def let_in(self) -> bool:
        return self.outcome == "allow"

    @property
    def answered(self) -> bool:
        return self.reason != "-" or self.outcome not in NO_ANSWER

    @property
    def latency_ms(self) -> float:
        return (self.end - self.due) * 1000


@dataclasses.dataclass(frozen=True)
class Right:
    """The right verdict of a class; reasons are those that a refusal may have."""
    verdict: str
    reasons: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Allowance:
    """In this span good tokens of these classes (None: all) may be refused, and bad ones may meet, for these reasons;
    "-" stands for no answer at all. A login that has a moment in it counts."""
    since: float
    until: float
    reasons: frozenset[str]
    kinds: frozenset[str] | None = None

    def covers(self, record: Record) -> bool:
        return (record.start <= self.until and record.end >= self.since
                and (self.kinds is None or record.kind in self.kinds)
                and (record.reason if record.answered else "-") in self.reasons)


@dataclasses.dataclass(frozen=True)
class Turn:
    """From `since` on the class has another right verdict; a login under way between `begins` and `since` may have
    either."""
    kind: str
    begins: float
    since: float
    right: Right


@dataclasses.dataclass
class Tally:
    logins: int = 0
    by_module: int = 0
    wrong_accepts: list = dataclasses.field(default_factory=list)
    wrong_refusals: list = dataclasses.field(default_factory=list)
    wrong_reasons: list = dataclasses.field(default_factory=list)
    allowed_refusals: int = 0
    budget: int = 0
    accepted: int = 0
    last_allowed_refusal: float = 0

    def must_be_right(self) -> None:
        assert not self.wrong_accepts, f"{len(self.wrong_accepts)} wrong accepts, such as {self.wrong_accepts[:3]}"
        assert not self.wrong_refusals, f"{len(self.wrong_refusals)} wrong refusals, such as {self.wrong_refusals[:3]}"
        assert not self.wrong_reasons, f"{len(self.wrong_reasons)} wrong reasons, such as {self.wrong_reasons[:3]}"
        assert self.logins > 0, "no login was made"


def right_of(record: Record, rights: dict[str, Right], turns: list[Turn]) -> list[Right]:
    """The verdicts that are right for it: one, or two where the class turns while the login is under way. `turns` are those
    of its class, in their order."""
    right = [rights[record.kind]]
    for turn in turns:
        if record.start >= turn.since:
            right = [turn.right]
        elif record.end >= turn.begins:
            right = right + [turn.right]
    return right


def judge(records: list[Record], rights: dict[str, Right], allowances: list[Allowance] = (),
          turns: list[Turn] = ()) -> Tally:
    tally = Tally()
    turns_of: dict[str, list[Turn]] = {}
    for turn in turns:
        turns_of.setdefault(turn.kind, []).append(turn)
    for record in records:
        tally.logins += 1
        tally.by_module += record.module
        right = right_of(record, rights, turns_of.get(record.kind, []))
        if record.let_in:
            tally.accepted += 1
            if all(one.verdict == REFUSE for one in right):
                tally.wrong_accepts.append(record)
            continue
        if record.reason == BUDGET:
            tally.budget += 1
            continue
        if any(one.verdict == REFUSE and record.answered and record.reason in one.reasons for one in right):
            continue
        if any(allowance.covers(record) for allowance in allowances):
            if any(one.verdict == ALLOW for one in right):
                tally.allowed_refusals += 1
                tally.last_allowed_refusal = max(tally.last_allowed_refusal, record.end)
            continue
        wrong = tally.wrong_refusals if any(one.verdict == ALLOW for one in right) else tally.wrong_reasons
        wrong.append(record)
    return tally


def percentile(records: list[Record], share: float) -> float:
    """Of the latency of accepted logins over the socket, in ms; 0 where there are none."""
    times = sorted(record.latency_ms for record in records if record.let_in and not record.module)
    return times[min(int(share * len(times)), len(times) - 1)] if times else 0.0
