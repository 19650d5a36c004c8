# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of one day and a server's certificate from it."""

import subprocess


def make(folder: str, name: str) -> tuple[str, str, str]:
    """Paths of the CA's certificate, the server's certificate for `name`, and the server's key."""
    paths = [f"{folder}/{part}" for part in ("ca.pem", "server.pem", "server.key")]
    ca, certificate, key = paths
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    _openssl("req", "-x509", *curve, "-keyout", f"{folder}/ca.key", "-out", ca, "-subj", "/CN=Test authority",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    _openssl("req", *curve, "-keyout", key, "-out", f"{folder}/server.csr", "-subj", f"/CN={name}")
    with open(f"{folder}/extensions", "w", encoding="ascii") as file:
        file.write(f"subjectAltName=DNS:{name}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    _openssl("x509", "-req", "-in", f"{folder}/server.csr", "-CA", ca, "-CAkey", f"{folder}/ca.key", "-CAcreateserial",
             "-days", "1", "-extfile", f"{folder}/extensions", "-out", certificate)
    return ca, certificate, key


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
