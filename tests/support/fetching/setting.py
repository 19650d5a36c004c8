# SPDX-License-Identifier: Apache-2.0
"""What the tests of latchkey-fetchd stand on: the programs of this build, sections of a configuration, a real provider."""

import base64
import hashlib
import os
import pathlib
import signal
import subprocess

import pytest

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .daemon import DEADLINE_S

BUILD = pathlib.Path(os.environ.get("LATCHKEY_BUILD", pathlib.Path(__file__).resolve().parents[3] / "build/dev"))
FETCHD = str(BUILD / "daemon/fetchd/latchkey-fetchd")
DEVIDP = str(BUILD / "devidp/latchkey-devidp")
NOBODY = 65534

IN_BOX = pytest.mark.skipif(os.environ.get("LATCHKEY_BOX") != "1", reason="rewrites /etc: in the box only")


def open_to_others(folder: pathlib.Path) -> None:
    """Lets other users pass through to a folder of pytest's."""
    for part in (folder, *folder.parents):
        if part != pathlib.Path("/") and part.stat().st_uid == os.geteuid():
            part.chmod(part.stat().st_mode | 0o111)


def pin_of(file: pathlib.Path) -> str:
    """Of the certificate in the file, as `tls_pins` wants it."""
    key = x509.load_pem_x509_certificate(file.read_bytes()).public_key()
    info = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + base64.b64encode(hashlib.sha256(info).digest()).decode()


def section(provider, authority, name: str = "corp", **members) -> dict:
    return {"name": name, "issuer": provider.origin, "ca_file": str(authority.file), "fetch_timeout": "30s"} | members


class Devidp:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen([DEVIDP, "serve", "--state", folder, "--max-age", "120"],
                                         stdout=subprocess.PIPE, text=True)
        self.origin = self._process.stdout.readline().strip()
        self.ca_file = str(folder / "ca.pem")

    def run(self, command: str, *arguments: str) -> str:
        return subprocess.run([DEVIDP, command, "--state", self.folder, *arguments], check=True, capture_output=True,
                              text=True).stdout.strip()

    def key_set(self) -> bytes:
        return (self.folder / "jwks.json").read_bytes()

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(DEADLINE_S) == 0
        self._process.stdout.close()
