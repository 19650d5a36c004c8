# SPDX-License-Identifier: Apache-2.0
"""Each check of the verifier, switched off alone, makes a test fail.

The table is core/base/mutation.h. In the build `mutation` a test program takes the index of one of its rows and never
fails that check; the programs of verifier_tests.txt are run until one notices. A row that none of them notices is a check
without a test. What is shipped has no such switch.
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ.get("LATCHKEY_SOURCE", "."))
HERE = SOURCE / "tests" / "mutation"
BUILD = SOURCE / "build" / "mutation"
RELEASE = SOURCE / "build" / "release"
TABLE = SOURCE / "common" / "core" / "base" / "mutation.h"
MARKS = (b"LATCHKEY_SWITCHED_OFF", b"switched_off", b"8mutation")  # the variable, its name, its namespace as a symbol

DIES = " (dies of signal "

ROWS = re.findall(r"\bROW\((\w+)\)", TABLE.read_text(encoding="utf-8"))
PROGRAMS = [line for line in (HERE / "verifier_tests.txt").read_text(encoding="utf-8").split("\n")
            if line and not line.startswith("#")]


def places():
    """Each row with the files in which its check stands."""
    found = collections.defaultdict(list)
    folders = (SOURCE / "common" / "core", SOURCE / "daemon" / "latchkeyd")
    for path in sorted(path for folder in folders for path in folder.rglob("*.[ch]*") if path.name != TABLE.name):
        for row in re.findall(r"\bLATCHKEY_FAILS\(\s*(\w+),", path.read_text(encoding="utf-8")):
            found[row].append(path)
    return found


PLACES = places()


def program(name):
    found = list((BUILD / "tests").rglob(name))
    assert len(found) == 1, f"{name} is not built"
    return found[0]


def nearest_first(row):
    """The programs, those named after the box of the check before the others."""
    box = PLACES[row][0].parent.name if PLACES[row] else ""
    return sorted(PROGRAMS, key=lambda name: not name.startswith({"core": "decide"}.get(box, box)))


def run(name, index):
    """What noticed that the check is off, or nothing. A program that dies or hangs has noticed, too, but less: no test saw
    what would have been accepted."""
    environment = dict(os.environ, LATCHKEY_SWITCHED_OFF=str(index))
    try:
        result = subprocess.run([program(name), "--gtest_fail_fast", "--gtest_brief=1"], env=environment, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    except subprocess.TimeoutExpired:
        return f"{name} (hangs)"
    if result.returncode == 0:
        return None
    failed = re.search(rb"\[  FAILED  \] (\S+\.\S+)", result.stdout)
    if failed:
        return f"{name} {failed.group(1).decode()}"
    return f"{name}{DIES}{-result.returncode})" if result.returncode < 0 else f"{name} (ends with {result.returncode})"


def first_notice(index):
    """A test that fails, of whichever program, before a program that dies."""
    death = None
    for name in nearest_first(ROWS[index]):
        seen = run(name, index)
        if seen and DIES not in seen:
            return seen
        death = death or seen
    return death


@pytest.fixture(scope="module")
def noticed():
    """Row to the test that noticed, all rows at once on all processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(ROWS, pool.map(first_notice, range(len(ROWS)))))


def test_the_table_and_the_code_agree():
    assert len(ROWS) > 100 and len(set(ROWS)) == len(ROWS)
    assert sorted(PLACES) == sorted(ROWS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_with_every_check_on_all_tests_pass(name):
    assert run(name, len(ROWS)) is None


@pytest.mark.parametrize("row", ROWS)
def test_a_test_notices_without(row, noticed):
    assert noticed[row], f"no test fails while {row} is switched off ({', '.join(map(str, PLACES[row]))})"


# What a token says is seen by an assertion: a check of a claim that is gone must not hide behind a crash.
@pytest.mark.parametrize("row", [row for row in ROWS if any(path.parent.name == "claims" for path in PLACES[row])])
def test_a_check_of_a_claim_is_noticed_by_an_assertion(row, noticed):
    assert noticed[row] and DIES not in noticed[row]


def test_all_of_them(noticed, capsys):
    survivors = [row for row in ROWS if not noticed[row]]
    deaths = [row for row in ROWS if DIES in (noticed[row] or "")]
    reports = os.environ.get("LATCHKEY_REPORTS")
    if reports:
        with open(os.path.join(reports, "mutation.txt"), "w", encoding="utf-8") as file:
            file.writelines(f"{row}: {noticed[row] or 'SURVIVES'}\n" for row in ROWS)
            file.write(f"\n{len(ROWS) - len(survivors) - len(deaths)} by a test that fails, {len(deaths)} by a death, "
                       f"{len(survivors)} by nothing\n")
    with capsys.disabled():
        print(f"\nmutation: {len(ROWS) - len(survivors)} of {len(ROWS)} switched-off checks are noticed by a test, "
              f"{len(deaths)} of these by a program that dies"
              + (f"; nobody notices {', '.join(survivors)}" if survivors else ""))
    assert not survivors


def marks_in(path):
    content = path.read_bytes()
    return [mark for mark in MARKS if mark in content]


def test_what_is_shipped_has_no_switch(tmp_path):
    subprocess.run(["cmake", "--install", RELEASE, "--prefix", tmp_path], check=True, capture_output=True)
    shipped = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    names = {path.name for path in shipped}
    assert names >= {"latchkeyd", "latchkey-fetchd", "latchkeyctl", "latchkey", "pam_latchkey.so"}
    assert {path.name: marks_in(path) for path in shipped} == {name: [] for name in names}


def test_the_search_finds_a_switch_where_there_is_one():
    assert marks_in(program("verify_test")) == list(MARKS)


def test_the_build_with_switches_is_never_installed(tmp_path):
    result = subprocess.run(["cmake", "--install", BUILD, "--prefix", tmp_path], check=False, capture_output=True)
    assert result.returncode != 0 and b"is not installed" in result.stderr
    assert not list(tmp_path.iterdir())
