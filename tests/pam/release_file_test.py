# SPDX-License-Identifier: Apache-2.0
"""Reads the module's file as it is installed: what it needs, what it exports, how it is linked, how large it is.

    release_file_test.py MODULE.so

Each rule is also tried on a library that breaks it, so that a rule which no longer sees anything is noticed.
"""

import os
import re
import subprocess
import sys
import unittest

MODULE = ""
ENTRIES = {"pam_sm_authenticate", "pam_sm_setcred", "pam_sm_acct_mgmt", "pam_sm_open_session", "pam_sm_close_session"}
SIZE_MOST = 100_000


def readelf(*options):
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["readelf", "--wide", *options], check=True, capture_output=True, text=True, env=environment).stdout


def dynamic(path):
    """The dynamic section as a list of (tag, value)."""
    return re.findall(r"^ 0x[0-9a-f]+ \((\w+)\)\s+(.*)$", readelf("--dynamic", path), re.M)


def needed(path):
    return {re.search(r"\[(.*)\]", value).group(1) for tag, value in dynamic(path) if tag == "NEEDED"}


def symbols(path):
    """The dynamic symbols as (name, is defined)."""
    rows = [line.split() for line in readelf("--dyn-syms", path).splitlines()]
    return [(row[7].split("@")[0], row[6] != "UND") for row in rows if len(row) >= 8 and row[0].rstrip(":").isdigit()]


def exported(path):
    return {name for name, defined in symbols(path) if defined}


def of_libstdcxx(path):
    """Symbols that only a C++ runtime has: mangled ones, and the few of its own without."""
    pattern = re.compile(r"^(_Z|__cxa_(?!finalize$)|__gxx|_Unwind)")
    return {name for name, defined in symbols(path) if not defined and pattern.match(name)}


def initialisers(path):
    """How many functions run when it is loaded. gcc's own crtbegin has one, in every library."""
    sizes = {tag: int(value.split()[0]) for tag, value in dynamic(path) if tag == "INIT_ARRAYSZ"}
    return sizes.get("INIT_ARRAYSZ", 0) // 8


def has_full_relro(path):
    flags = " ".join(value for tag, value in dynamic(path) if tag in ("FLAGS", "FLAGS_1"))
    return "GNU_RELRO" in readelf("--program-headers", path) and "NOW" in flags


def has_text_relocations(path):
    return any(tag == "TEXTREL" or "TEXTREL" in value for tag, value in dynamic(path) if tag in ("TEXTREL", "FLAGS"))


def has_executable_stack(path):
    row = re.search(r"GNU_STACK.*", readelf("--program-headers", path))
    return row is None or "E" in row.group(0).split()[-2]


def writable_and_executable(path):
    return re.search(r"^\s+LOAD.*\bRWE\b", readelf("--program-headers", path), re.M) is not None


class TheFile(unittest.TestCase):
    def test_needs_libc_and_libpam_only(self):
        self.assertEqual(needed(MODULE), {"libc.so.6", "libpam.so.0"})

    def test_exports_the_entry_points_only(self):
        self.assertEqual(exported(MODULE), ENTRIES)

    def test_uses_nothing_of_a_cxx_runtime(self):
        self.assertEqual(of_libstdcxx(MODULE), set())

    def test_has_no_static_constructor(self):
        self.assertEqual(initialisers(MODULE), 1)

    def test_binds_at_load_and_is_read_only_after(self):
        self.assertTrue(has_full_relro(MODULE))

    def test_has_no_text_relocation(self):
        self.assertFalse(has_text_relocations(MODULE))
        self.assertFalse(writable_and_executable(MODULE))

    def test_has_no_executable_stack(self):
        self.assertFalse(has_executable_stack(MODULE))

    def test_takes_no_search_path_along(self):
        self.assertFalse([tag for tag, _ in dynamic(MODULE) if tag in ("RPATH", "RUNPATH")])

    def test_allocates_nothing_and_ends_nothing(self):
        banned = {"malloc", "calloc", "realloc", "abort", "exit", "_exit", "fork", "vfork", "pthread_create", "signal",
                  "sigaction", "umask", "setenv", "putenv", "getenv", "secure_getenv", "environ", "system", "execve",
                  "dlopen", "getpwnam", "getpwnam_r", "getgrnam", "setlocale"}
        self.assertEqual({name for name, _ in symbols(MODULE)} & banned, set())

    def test_is_small(self):
        self.assertLess(os.path.getsize(MODULE), SIZE_MOST)


class TheRules(unittest.TestCase):
    """Each sees its fault in a library that has it."""

    @classmethod
    def setUpClass(cls):
        compiler = os.environ.get("CXX", "g++")
        cls.folder = subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip()
        source = os.path.join(cls.folder, "bad.cc")
        cls.bad = os.path.join(cls.folder, "bad.so")
        with open(source, "w", encoding="utf-8") as file:
            file.write('#include <string>\n#include <cstdlib>\nstd::string text(std::getenv("HOME"));\n'
                       'static char padding[200000] = {1};\n'
                       'extern "C" const char* other(int i) { return i < 0 ? text.c_str() : padding + i; }\n')
        subprocess.run([compiler, "-shared", "-fPIC", "-Wl,-z,lazy", "-Wl,-z,norelro", "-Wl,-z,execstack",
                        "-Wl,-rpath,/tmp", "-o", cls.bad, source], check=True)

    @classmethod
    def tearDownClass(cls):
        for name in os.listdir(cls.folder):
            os.unlink(os.path.join(cls.folder, name))
        os.rmdir(cls.folder)

    def test_each_sees_its_fault(self):
        self.assertIn("libstdc++.so.6", needed(self.bad))
        self.assertIn("other", exported(self.bad))
        self.assertTrue(of_libstdcxx(self.bad))
        self.assertGreater(initialisers(self.bad), 1)
        self.assertFalse(has_full_relro(self.bad))
        self.assertTrue(has_executable_stack(self.bad))
        self.assertTrue([tag for tag, _ in dynamic(self.bad) if tag in ("RPATH", "RUNPATH")])
        self.assertIn("getenv", {name for name, _ in symbols(self.bad)})
        self.assertGreater(os.path.getsize(self.bad), SIZE_MOST)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: release_file_test.py MODULE.so")
    MODULE = sys.argv.pop()
    unittest.main()
