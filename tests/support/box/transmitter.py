# SPDX-License-Identifier: Apache-2.0
"""A provider's stream of security events: a transmitter that is polled (RFC 8936), and the tokens that it sends."""

import json
import pathlib
import tempfile
import threading

from box import forge
from fetching.certificates import Authority
from fetching.introspection import secret_file
from fetching.stub_provider import StubProvider, document

NAME = "corp-events"
AUDIENCE = "https://hosts.example/events"
PATH = "/poll"
BEARER = "the-bearer-token-of-this-host-4c1d"
BEARER_FILE = "/etc/latchkey/events-token"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class Transmitter:
    """Keeps what it was given until it is acknowledged or refused. `holds`: it waits for an event where it may."""

    def __init__(self) -> None:
        self._made = tempfile.TemporaryDirectory(prefix="events-")
        self._authority = Authority(pathlib.Path(self._made.name), "events")
        pathlib.Path(self._made.name).chmod(0o755)
        self.ca_file = self._authority.file
        self._changed = threading.Condition()
        self.queue: dict[str, str] = {}
        self.acknowledged: list[str] = []
        self.refused: dict[str, str] = {}
        self.polls: list[dict] = []
        self.deaf = False  # serves, and heeds no acknowledgement
        self.holds = False
        secret_file(BEARER_FILE, BEARER + "\n")
        self.stub = StubProvider(self._authority.issue("idp.example"), host="idp.example")
        self.work()

    def work(self) -> None:
        self.stub.routes[PATH] = self._answer

    def answer_with(self, answer) -> None:
        self.stub.routes[PATH] = answer

    def close(self) -> None:
        with self._changed:
            self.holds = False
            self._changed.notify_all()
        self.stub.close()
        self._made.cleanup()

    def send(self, *tokens: str) -> list[str]:
        ids = [forge.claims_of(token)["jti"] for token in tokens]
        with self._changed:
            self.queue.update(zip(ids, tokens))
            self._changed.notify_all()
        return ids

    def _answer(self, handler) -> None:
        if handler.headers.get("Authorization") != f"Bearer {BEARER}":
            return document(b"no", status=401)(handler)
        if handler.command != "POST" or handler.headers.get("Content-Type") != "application/json":
            return document(b"no", status=400)(handler)
        asked = json.loads(handler.form)
        with self._changed:
            self.polls.append(asked)
            if not self.deaf:
                for name in asked.get("ack", []):
                    if self.queue.pop(name, None):
                        self.acknowledged.append(name)
                for name, why in asked.get("setErrs", {}).items():
                    if self.queue.pop(name, None):
                        self.refused[name] = why["err"]
            if self.holds and not asked["returnImmediately"]:
                self._changed.wait_for(lambda: self.queue or not self.holds, 60)
            sent = dict(list(self.queue.items())[:asked["maxEvents"]])
            more = len(self.queue) > len(sent)
        return document(json.dumps({"sets": sent, "moreAvailable": more}).encode(), Content_Type="application/json")(handler)

    def section(self, **more: str) -> str:
        lines = {"name": NAME, "issuer": "corp", "audience": AUDIENCE, "endpoint": self.stub.origin + PATH,
                 "token_file": BEARER_FILE, "ca_file": str(self._authority.file), "poll_interval": "1s"} | more
        return "revocation:\n  events:\n    -\n" + "".join(f"      {name}: {value}\n" for name, value in lines.items())


def subject(host, sub: str) -> dict:
    return {"format": "iss_sub", "iss": host.provider.issuer, "sub": sub}


def event(host, uri: str, payload: dict, *options: str, typ: str = "secevent+jwt", audience: str = AUDIENCE,
          claims: dict | None = None, lasting: bool = False) -> str:
    """A token as the provider would send it; `options` are those of `latchkey-devidp mint`."""
    dropped = ["preferred_username", "groups", "client_id"] + ([] if lasting else ["exp"])
    without = [word for name in dropped for word in ("--without", name)]
    return host.provider.token("transmitter", [], "--typ", typ, "--aud", audience, *without, *options,
                               claims={"events": {uri: payload}} | (claims or {}))


def logout(host, *options: str, **claims: str) -> str:
    """An OpenID Connect logout token."""
    return event(host, LOGOUT, {}, *([] if "sub" in claims else ["--without", "sub"]), *options, typ="logout+jwt", claims=claims,
                 lasting=True)
