# SPDX-License-Identifier: Apache-2.0
"""Reads the reports of one run and says what passed, failed and was skipped.

    counts.py [--gtest FOLDER] REPORT...

A REPORT is JUnit XML of CTest or pytest. A CTest test that is a GoogleTest program left its own report in FOLDER, and is
counted by its cases. First line: `PASSED FAILED SKIPPED`; then a line for each failure (`failed NAME`), each skip
(`skipped NAME: REASON`) and each set of test vectors that ran (`vectors: SET: N cases`). Cases of one file or suite that
were skipped for the same reason share a line (`skipped FILE, N cases: REASON`) and count each. A report that is absent or
cannot be read counts as one failure: silence is no success.
"""

import argparse
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

VECTORS = "vectors: "  # how the name of a property starts by which a test tells how many cases of a set it ran


class Counts:
    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []
        self.homes = {}  # of a skipped case: its file or suite
        self.vectors = []

    def fail(self, name):
        self.failures.append(name)

    def skip(self, name, reason, home=""):
        self.skips.append((name, " ".join(reason.split()) or "no reason given"))
        self.homes[name] = home or name

    def skip_lines(self):
        """A line for each home and reason, in the order in which they first came."""
        together = {}
        for name, reason in self.skips:
            together.setdefault((self.homes[name], reason), []).append(name)
        for (home, reason), names in together.items():
            yield f"{home}, {len(names)} cases: {reason}" if len(names) > 1 else f"{names[0]}: {reason}"


def read(path):
    """The root element, or None where there is no report that can be read."""
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None


def skip_reason(skipped):
    """What GoogleTest and pytest say; GoogleTest puts the place on a line before it."""
    return re.sub(r"^\S+:\d+\n", "", skipped.get("message") or "")


def add_cases(counts, root):
    """Counts the cases of a GoogleTest or pytest report."""
    for case in root.iter("testcase"):
        home = case.get("classname", "")
        name = f'{home}.{case.get("name", "")}'.strip(".")
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            counts.fail(name)
        elif skipped is not None:
            counts.skip(name, skip_reason(skipped), home)
        elif case.get("status") == "notrun":
            counts.skip(name, "disabled", home)
        else:
            counts.passed += 1
        for told in case.iter("property"):
            if told.get("name", "").startswith(VECTORS):
                counts.vectors.append(f'{told.get("name")}: {told.get("value")} cases')


def add_ctest(counts, root, gtest_folder):
    """Counts the tests of a CTest report, a GoogleTest program by its cases."""
    for test in root.iter("testcase"):
        name = test.get("name", "")
        status = test.get("status")
        cases = read(os.path.join(gtest_folder, name + ".xml")) if gtest_folder else None
        if cases is not None:
            before = len(counts.failures)
            add_cases(counts, cases)
            if status != "run" and len(counts.failures) == before:  # it died after its report, or between two cases
                counts.fail(name)
        elif status == "run":
            counts.passed += 1
        elif status == "notrun" and test.find("skipped") is not None and \
                "SKIP_" in (test.find("skipped").get("message") or ""):
            lines = (test.findtext("system-out") or "").strip().splitlines()
            counts.skip(name, lines[-1] if lines else "")
        elif status == "disabled":
            counts.skip(name, "disabled")
        else:
            counts.fail(name)


def count(reports, gtest_folder=None):
    counts = Counts()
    for path in reports:
        root = read(path)
        if root is None:
            counts.fail(f"no report {os.path.basename(path)}")
        elif root.tag == "testsuite":  # CTest writes one suite; pytest and GoogleTest wrap theirs
            add_ctest(counts, root, gtest_folder)
        else:
            add_cases(counts, root)
    return counts


def main():
    parser = argparse.ArgumentParser(prog="counts.py")
    parser.add_argument("--gtest", metavar="FOLDER")
    parser.add_argument("reports", nargs="+")
    arguments = parser.parse_args()
    counts = count(arguments.reports, arguments.gtest)
    print(counts.passed, len(counts.failures), len(counts.skips))
    for name in counts.failures:
        print(f"failed {name}")
    for line in counts.skip_lines():
        print(f"skipped {line}")
    for line in counts.vectors:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
