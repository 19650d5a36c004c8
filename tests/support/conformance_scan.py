# SPDX-License-Identifier: Apache-2.0
"""Every test that docs/CONFORMANCE.md names exists, and every clause has a test or a reason.

    conformance_scan.py TOP

A row of a table has three columns: clause, requirement, and what holds it. The third names tests as `Suite.Test`, each
with any number of its cases behind it in straight quotes, parted by semicolons, or starts with "Does not apply". A case
is a string in the source of its test. Prints a line for each fault and ends with 1 where there was one.
"""

import os
import re
import sys

RFCS = ("RFC 7515", "RFC 7517", "RFC 7519", "RFC 8725", "RFC 9068", "OpenID Connect Core 1.0, section 3.1.3.7")
TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", re.MULTILINE)


def tests_of(sources):
    """`Suite.Test` to the text of its body and what lies before it in its file, string literals joined."""
    found = {}
    for text in sources:
        joined = re.sub(r'"\s*\n\s*"', "", text)
        starts = list(TEST.finditer(joined))
        for number, start in enumerate(starts):
            end = starts[number + 1].start() if number + 1 < len(starts) else len(joined)
            found.setdefault(f"{start[1]}.{start[2]}", "")
            found[f"{start[1]}.{start[2]}"] += joined[start.start():end]
    return found


def faults_of(document, tests):
    """What is wrong with the document, a line each."""
    faults = []
    sections = re.findall(r"^## (.*)$", document, re.MULTILINE)
    for rfc in RFCS:
        if not any(section.startswith(rfc) for section in sections):
            faults.append(f"there is no section for {rfc}")
    for number, line in enumerate(document.split("\n"), 1):
        if not line.startswith("| ") or line.startswith(("| ---", "| clause |")):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if len(cells) != 3:
            faults.append(f"line {number}: {len(cells)} columns")
            continue
        named = re.findall(r'`(\w+\.\w+)`|"([^"]+)"', cells[2])
        if not any(test for test, _ in named) and not cells[2].startswith("Does not apply"):
            faults.append(f"line {number}: neither a test nor a reason")
        current = None
        for test, case in named:
            if test:
                current = test
                if test not in tests:
                    faults.append(f"line {number}: there is no test {test}")
            elif current in tests and f'"{case}"' not in tests[current]:
                faults.append(f'line {number}: {current} has no case "{case}"')
    return faults


def main():
    top = sys.argv[1]
    sources = []
    for folder, _, names in os.walk(os.path.join(top, "tests", "unit")):
        for name in sorted(names):
            if name.endswith(".cc"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    sources.append(file.read())
    with open(os.path.join(top, "docs", "CONFORMANCE.md"), encoding="utf-8") as file:
        document = file.read()
    faults = faults_of(document, tests_of(sources))
    for fault in faults:
        print(f"docs/CONFORMANCE.md: {fault}")
    rows = sum(line.startswith("| ") and not line.startswith(("| ---", "| clause |")) for line in document.split("\n"))
    print(f"conformance: {rows} clauses, {len(faults)} faults")
    return 1 if faults or rows == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
