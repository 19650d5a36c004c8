# SPDX-License-Identifier: Apache-2.0
"""in_no_daemon.py SIGNER DAEMON...: fails where a daemon that decides holds the signing box or calls what signs in OpenSSL,
and where SIGNER, which does both, does not show it: then this test sees nothing."""

import subprocess
import sys

BOX = "latchkey::jose::KeyMaterial::"
CALLS = ("EVP_DigestSign", "EVP_PKEY_sign", "PEM_read_bio_PrivateKey", "EVP_PKEY_Q_keygen")


def symbols(program: str, *options: str) -> str:
    done = subprocess.run(["nm", *options, program], check=True, capture_output=True, text=True)
    return done.stdout


def signs(program: str) -> list[str]:
    found = [call for call in CALLS if call in symbols(program, "--dynamic", "--undefined-only")]
    if BOX in symbols(program, "--demangle", "--defined-only"):
        found.append(BOX)
    return found


signer, *daemons = sys.argv[1:]
if len(signs(signer)) < 3 or not daemons:
    sys.exit(f"{signer} shows only {signs(signer)}: this test cannot see what it looks for")
guilty = {daemon: signs(daemon) for daemon in daemons if signs(daemon)}
if guilty:
    sys.exit(f"can sign: {guilty}")
