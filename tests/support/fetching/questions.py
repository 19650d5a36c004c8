# SPDX-License-Identifier: Apache-2.0
"""Questions about tokens as latchkeyd puts them to latchkey-fetchd, and the section of an issuer that is asked."""

import fcntl
import json
import os
import signal

from .introspection import PATH


def send_question(fetchd, latchkeyd, issuer: str) -> None:
    """About a token that nobody has seen before. `latchkeyd` is a connection to `fetchd`."""
    token = os.urandom(16).hex().encode()
    file = os.memfd_create("token", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.write(file, token)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        latchkeyd.send(json.dumps({"v": 1, "id": 1, "issuer": issuer, "digest": fetchd.digest(issuer),
                                   "document": "introspection", "bytes": len(token)}).encode(), (file,))
    finally:
        os.close(file)


def ask_about_a_token(fetchd, issuer: str):
    with fetchd.connect() as latchkeyd:
        send_question(fetchd, latchkeyd, issuer)
        return latchkeyd.answer()


def ask_one_that_is_stopped(late, clock, issuer: str, taken):
    """What `late` answers that is stopped once `taken()` has seen its question, until `clock`, another one, has told that its
    own time is over: asked later, so that the time of the first is over, too. Gives both answers."""
    with late.connect() as latchkeyd:
        send_question(late, latchkeyd, issuer)
        taken()
        os.kill(late.process.pid, signal.SIGSTOP)
        try:
            told = ask_about_a_token(clock, issuer)
        finally:
            os.kill(late.process.pid, signal.SIGCONT)
        return latchkeyd.answer(), told


def asked_section(authority, folder, name: str, origin: str, **members) -> dict:
    secret = folder / "secret"
    secret.write_text("a-secret-of-the-tests\n")
    secret.chmod(0o600)
    return {"name": name, "issuer": origin, "ca_file": str(authority.file), "fetch_timeout": "1s",
            "audiences": ["ssh://tests"], "introspection": "required", "introspection_endpoint": origin + PATH,
            "introspection_client": {"client_id": "latchkey", "secret_file": str(secret)}} | members
