# SPDX-License-Identifier: Apache-2.0
"""The scan of docs/CONFORMANCE.md finds what is wrong with it."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import conformance_scan  # noqa: E402

SOURCE = '''TEST(Header, IsRead) {
  {"refused: "
   "crit", 1},
}
TEST(Header, IsOther) { {"refused: none"} }
'''
HEADINGS = "".join(f"## {rfc}: x\n" for rfc in conformance_scan.RFCS)


class ConformanceScanTest(unittest.TestCase):
    def faults(self, *cells, headings=HEADINGS):
        rows = "".join(f"| 1 | must | {cell} |\n" for cell in cells)
        document = headings + "| clause | requirement | held by |\n| --- | --- | --- |\n" + rows
        return conformance_scan.faults_of(document, conformance_scan.tests_of([SOURCE]))

    def test_tests_and_cases_that_exist_are_fine(self):
        self.assertEqual(self.faults('`Header.IsRead` "refused: crit"; `Header.IsOther` "refused: none"',
                                     "Does not apply: because"), [])

    def test_a_test_that_does_not_exist_is_a_fault(self):
        self.assertEqual(len(self.faults("`Header.IsGone`")), 1)

    def test_a_case_must_stand_in_its_own_test(self):
        self.assertEqual(len(self.faults('`Header.IsOther` "refused: crit"')), 1)

    def test_a_row_without_a_test_gives_its_reason(self):
        self.assertEqual(len(self.faults("somewhere")), 1)

    def test_a_row_of_other_columns_is_a_fault(self):
        self.assertEqual(len(self.faults("`Header.IsRead` | more")), 1)

    def test_each_standard_has_its_section(self):
        self.assertEqual(len(self.faults(headings="")), len(conformance_scan.RFCS))


if __name__ == "__main__":
    unittest.main()
