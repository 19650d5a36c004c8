# SPDX-License-Identifier: Apache-2.0
"""wrong_usage_test.py LATCHKEYCTL LATCHKEY: what is typed in the wrong place is never repeated.

Each option and argument of each command is given a token, a key and something that looks like nothing, and so are places where
nothing belongs. The commands and their options are read from the programs' own help.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAMS: list = []
SECRETS = {
    "a token": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZS1pbi1zZWNyZXQifQ.c2lnbmF0dXJlLXRoYXQtbm9ib2R5LXNlZXM",
    "a symmetric key": '{"kty":"oct","k":"c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXMtYXQtYWxs"}',
    "a bare secret": "c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXMtYXQtYWxs",
}
# What a secret must not leave of itself: any part so long.
PART = 9


def run(program: str, *arguments: str) -> subprocess.CompletedProcess:
    with tempfile.TemporaryDirectory(prefix="latchkey-") as folder:
        return subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
                              cwd=folder, env={"PATH": "/usr/bin:/bin", "HOME": folder})


def tree(program: str, command: tuple = ()) -> list:
    """(command, options, arguments) of the program and of all below it."""
    text = run(program, *command, "--help").stdout.decode()
    options = sorted(set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", text, re.MULTILINE)) - {"--help", "--version"})
    arguments = re.findall(r"^  ([A-Z]+) ", text, re.MULTILINE)
    below = re.split(r"^(?:Subcommands|SUBCOMMANDS):$", text, flags=re.MULTILINE)
    names = re.findall(r"^  ([a-z]+) ", below[1], re.MULTILINE) if len(below) > 1 else []
    found = [(command, options, arguments)]
    for name in names:
        if program == PROGRAMS[1] and name != "token":  # the tools' arguments are the tools' own
            continue
        found += tree(program, (*command, name))
    return found


class WrongUsage(unittest.TestCase):
    def hold(self, program: str, secret: str, *arguments: str) -> None:
        done = run(program, *arguments)
        said = (done.stdout + done.stderr).decode(errors="replace")
        for at in range(len(secret) - PART + 1):
            self.assertNotIn(secret[at:at + PART], said, arguments)
        if not any(one.startswith("--out") for one in arguments):  # a secret may be a file's name there
            self.assertNotEqual(done.returncode, 0, arguments)

    def test_the_help_names_what_is_tried(self):
        commands = {command for command, _, _ in tree(PROGRAMS[0])}
        for command in (("token", "verify"), ("jwk", "generate"), ("revocations", "remove"), ("config", "check")):
            self.assertIn(command, commands)
        options = {(command, option) for command, found, _ in tree(PROGRAMS[0]) for option in found}
        self.assertIn((("token", "sign"), "--alg"), options)

    def test_no_error_repeats_what_was_typed(self):
        for program in PROGRAMS:
            for command, options, arguments in tree(program):
                for name, secret in SECRETS.items():
                    with self.subTest(program=os.path.basename(program), command=command, secret=name):
                        self.hold(program, secret, *command, secret)
                        self.hold(program, secret, *command, secret, secret, secret)
                        self.hold(program, secret, *command, "--" + secret)
                        self.hold(program, secret, *command, "--json=" + secret)
                        for option in options:
                            self.hold(program, secret, *command, option, secret)
                            self.hold(program, secret, *command, f"{option}={secret}")
                            self.hold(program, secret, *command, option, secret, option, secret)
                        for _ in arguments:
                            self.hold(program, secret, *command, *([secret] * len(arguments)))

    def test_no_error_of_a_command_that_is_otherwise_right_repeats_it(self):
        ctl = PROGRAMS[0]
        for name, secret in SECRETS.items():
            for arguments in (("jwk", "generate", "--out", "-", "--alg", secret), ("jwk", "generate", "--out", "q", "--type", secret),
                              ("jwk", "generate", "--out", "q", "--curve", secret),
                              ("jwk", "generate", "--type", "oct", "--out", "q", "--bits", secret),
                              ("jwk", "generate", "--out", f"none/{secret}"), ("jwk", "public", secret),
                              ("token", "sign", "--key", secret), ("token", "verify", "--jwks", secret),
                              ("token", "verify", "--config", secret), ("token", "verify", "--socket", secret),
                              ("config", "check", secret), ("config", "dump", secret), ("--socket", secret, "status"),
                              ("decisions", "--limit", secret), ("revocations", "list", "--kind", secret),
                              ("revocations", "remove", secret), ("revoke", "--user", "a", "--before", secret)):
                with self.subTest(secret=name, arguments=arguments[:3]):
                    self.hold(ctl, secret, *arguments)


if __name__ == "__main__":
    PROGRAMS[:] = [os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))]
    unittest.main()
