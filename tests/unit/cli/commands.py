# SPDX-License-Identifier: Apache-2.0
"""What the tests of latchkeyctl's token and jwk commands share: a folder of one test's own, and the program run in it."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
CONFIG = """\
version: 1
issuers:
  - name: corp
    issuer: https://id.example.com
    audiences: [ "ssh://prod" ]
    algorithms: [ RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA ]
    groups: { claim: groups, map: { "dev": [ developers ] } }
"""
OTHER_ISSUER = """\
  - name: other
    issuer: https://other.example.com
    audiences: [ "ssh://prod" ]
"""
ACCESS = """\
access:
  - name: login
    services: [ sshd ]
    allow: { groups: [ developers ] }
"""
CLAIMS = ["--iss", "https://id.example.com", "--sub", "s-1", "--aud", "ssh://prod", "--claim",
          'preferred_username="alice"', "--claim", 'groups=["dev"]']
GARBAGE = bytes(range(255, -1, -1)) * 2  # no luck of a draw makes something of it


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Commands(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="latchkey-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.put("l.yaml", CONFIG + ACCESS)
        os.makedirs(self.path("root/etc"))
        self.put("root/etc/passwd", "root:x:0:0:::\nalice:x:1000:1000:::\nbob:x:1001:1001:::\n")
        self.put("root/etc/group", "developers:x:2000:\n")

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def put(self, name: str, content, mode: int = 0o600) -> str:
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, mode)
        return path

    def run_it(self, *arguments: str, stdin="", may_be=(0, 1, 2), **options) -> subprocess.CompletedProcess:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run([PROGRAM, *arguments], input=data, capture_output=True, timeout=60, check=False,
                              cwd=self.folder, env={"PATH": "/usr/bin:/bin"}, **options)
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        self.assertIn(done.returncode, may_be, done.err)
        return done

    def good(self, *arguments: str, **options) -> str:
        done = self.run_it(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.err + done.out)
        return done.out

    def trouble(self, *arguments: str, **options) -> str:
        """Exit status 2, nothing on standard output, the sentence on standard error."""
        done = self.run_it(*arguments, **options)
        self.assertEqual((done.returncode, done.out), (2, ""), done.err)
        self.assertNotEqual(done.err, "", arguments)
        return done.err

    def key(self, name: str = "key", *order: str) -> dict:
        """A key made by the command, its public half as a set beside it."""
        public = self.good("jwk", "generate", *order, "--out", name, "--force")
        self.put(f"{name}.set", '{"keys":[' + public + "]}")
        return json.loads(public)

    def token(self, key: str = "key", *more: str) -> str:
        return self.good("token", "sign", "--key", key, *CLAIMS, *more).strip()

    def token_but(self, name: str, value: str) -> str:
        """The same with another value for an option of CLAIMS."""
        claims = list(CLAIMS)
        claims[claims.index(name) + 1] = value
        return self.good("token", "sign", "--key", "key", *claims).strip()

    def verify(self, token, *more: str, keys: str = "key.set", config: str = "l.yaml") -> dict:
        done = self.run_it("--json", "token", "verify", "--jwks", keys, "--config", config, *more, stdin=token)
        answer = json.loads(done.out) if done.out else {"reason": None}
        return {**answer, "status": done.returncode, "err": done.err}


def main() -> None:
    """PROGRAM is the test's first argument."""
    global PROGRAM
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__")
