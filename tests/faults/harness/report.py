# SPDX-License-Identifier: Apache-2.0
"""The table of a run: a row for each fault, printed at the end and written to build/reports/faults.json and faults.txt.
Counts in it were asserted by the tests; times and ratios are reported."""

import dataclasses
import json
import os

from harness.verdicts import Tally

_HEAD = ("fault", "logins", "module", "wrong acc.", "wrong ref.", "allowed ref.", "budget", "p50 x", "p99 x", "requests",
         "at most", "recovered s")
_LEFT = "{:<44}"


@dataclasses.dataclass
class Row:
    fault: str
    logins: int
    by_module: int
    wrong_accepts: int
    wrong_refusals: int
    allowed_refusals: int
    budget: int
    p50_ratio: float | None
    p99_ratio: float | None
    requests: int | None
    requests_most: int | None
    recovered_s: float | None
    more: dict = dataclasses.field(default_factory=dict)

    def cells(self) -> list[str]:
        def number(value, digits=2):
            return "-" if value is None else f"{value:.{digits}f}" if isinstance(value, float) else str(value)
        return [number(value) for value in (self.logins, self.by_module, self.wrong_accepts, self.wrong_refusals,
                                            self.allowed_refusals, self.budget, self.p50_ratio, self.p99_ratio,
                                            self.requests, self.requests_most, self.recovered_s)]


class Report:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.rows: list[Row] = []

    def add(self, fault: str, tally: Tally, *, p50=None, p99=None, requests=None, requests_most=None, recovered_s=None,
            **more) -> None:
        self.rows.append(Row(fault, tally.logins, tally.by_module, len(tally.wrong_accepts), len(tally.wrong_refusals),
                             tally.allowed_refusals, tally.budget, p50, p99, requests, requests_most, recovered_s, more))
        self.write()

    def table(self) -> str:
        widths = [max(len(head), 8) for head in _HEAD[1:]]
        lines = [_LEFT.format(_HEAD[0]) + "".join(f" {head:>{width}}" for head, width in zip(_HEAD[1:], widths))]
        for row in self.rows:
            lines.append(_LEFT.format(row.fault[:44])
                         + "".join(f" {cell:>{width}}" for cell, width in zip(row.cells(), widths)))
            lines += [f"    {name.replace('_', ' ')}: {value}" for name, value in row.more.items()]
        return "\n".join(lines) + "\n"

    def write(self) -> None:
        with open(os.path.join(self._folder, "faults.json"), "w", encoding="utf-8") as file:
            json.dump([dataclasses.asdict(row) for row in self.rows], file, indent=1)
        with open(os.path.join(self._folder, "faults.txt"), "w", encoding="utf-8") as file:
            file.write(self.table())
