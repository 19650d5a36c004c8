# SPDX-License-Identifier: Apache-2.0
"""What the tests of revocation streams share: writers, and the stream's row of the host's `status`."""

from box import forge, redis
from box.revocations import Source, fresh

source = Source("now")
becomes = source.becomes


def beat(host, server, key: str = "timer") -> None:
    """Before the daemon knows of the stream; the writer reads the same configuration."""
    host.configure(host.config() + server.section())
    host.ctl("beat", "--max-age", "1h", *server.writer(key))


def take_up(host, server, wanted=fresh, **section) -> dict:
    host.configure(host.config() + server.section(**section))
    host.reload()
    return becomes(host, wanted)


def revoke(host, server, token: str, key: str = "good", *more: str, check: bool = True):
    return host.ctl("revoke", "--fleet", "--jti", forge.claims_of(token)["jti"], "--issuer", "corp", *server.writer(key), *more,
                    check=check)


def snapshot(host, server, web, *more: str, check: bool = True):
    done = host.ctl("snapshot", "make", str(web.www), *server.writer("timer"), *more, check=check)
    for path in (web.www, *web.www.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return done
