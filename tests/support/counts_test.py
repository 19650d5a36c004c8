# SPDX-License-Identifier: Apache-2.0
"""The counts at the end of ./test are what the reports say, and a missing report is a failure."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import counts  # noqa: E402

CTEST = """<testsuite name="x" tests="6" failures="1" disabled="1" skipped="2">
<testcase name="plain" status="run"/>
<testcase name="cases" status="run"/>
<testcase name="broken" status="fail"><failure message="Failed"/></testcase>
<testcase name="absent" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="left_out" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
<system-out>first\nno npm here\n</system-out></testcase>
<testcase name="off" status="disabled"/>
</testsuite>"""
GTEST = """<testsuites><testsuite name="S">
<testcase name="A" status="run" result="completed" classname="S"/>
<testcase name="B" status="run" result="completed" classname="S"><failure message="x"/></testcase>
<testcase name="C" status="run" result="skipped" classname="S"><skipped message="a.cc:3&#x0A;needs root"/></testcase>
<testcase name="DISABLED_D" status="notrun" result="suppressed" classname="S"/>
</testsuite></testsuites>"""
PYTEST = """<testsuites><testsuite name="pytest">
<testcase classname="t" name="a"/><testcase classname="t" name="b"><error message="x"/></testcase>
<testcase classname="t" name="c"><skipped type="pytest.skip" message="no sshd">t.py:1: no sshd</skipped></testcase>
</testsuite></testsuites>"""


class CountsTest(unittest.TestCase):
    def count(self, reports, gtest=None):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**reports, **(gtest or {})}.items():
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            found = counts.count([os.path.join(folder, name) for name in reports], folder)
        return found.passed, found.failures, found.skips

    def test_ctest_with_the_cases_of_googletest(self):
        self.assertEqual(self.count({"ctest.xml": CTEST}, {"cases.xml": GTEST}), (
            2, ["S.B", "broken", "absent"],
            [("S.C", "needs root"), ("S.DISABLED_D", "disabled"), ("left_out", "no npm here"), ("off", "disabled")]))

    def test_a_program_that_dies_after_a_clean_report_has_failed(self):
        clean = '<testsuites><testsuite><testcase name="A" classname="S" status="run"/></testsuite></testsuites>'
        dead = '<testsuite><testcase name="dies" status="fail"><failure/></testcase></testsuite>'
        self.assertEqual(self.count({"ctest.xml": dead}, {"dies.xml": clean}), (1, ["dies"], []))

    def test_pytest(self):
        self.assertEqual(self.count({"pytest.xml": PYTEST}), (1, ["t.b"], [("t.c", "no sshd")]))

    def test_skips_of_one_file_for_one_reason_share_a_line_and_count_each(self):
        case = '<testcase classname="{}" name="{}"><skipped message="{}"/></testcase>'
        cases = [("interop.npm", "a[1.5]", "no npm"), ("interop.npm", "b", "no root"), ("interop.npm", "c", "no npm"),
                 ("interop.other", "a", "no npm"), ("interop.npm", "d", "no npm")]
        report = "<testsuites><testsuite>" + "".join(case.format(*one) for one in cases) + "</testsuite></testsuites>"
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(report)
            found = counts.count([path])
        self.assertEqual(len(found.skips), 5)
        self.assertEqual(list(found.skip_lines()), [
            "interop.npm, 3 cases: no npm", "interop.npm.b: no root", "interop.other.a: no npm"])

    def test_a_test_tells_how_many_vectors_it_ran(self):
        told = GTEST.replace('<testcase name="A" status="run" result="completed" classname="S"/>',
                             '<testcase name="A" status="run" classname="S"><properties>'
                             '<property name="vectors: attacks" value="230"/><property name="other" value="1"/>'
                             '</properties></testcase>')
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(told)
            found = counts.count([path])
        self.assertEqual((found.vectors, found.passed), (["vectors: attacks: 230 cases"], 1))

    def test_a_report_that_cannot_be_read_is_a_failure(self):
        self.assertEqual(self.count({"half.xml": "<testsuites><tests"}), (0, ["no report half.xml"], []))

    def test_an_absent_report_is_a_failure(self):
        self.assertEqual(counts.count(["/nowhere/x.xml"]).failures, ["no report x.xml"])


if __name__ == "__main__":
    unittest.main()
