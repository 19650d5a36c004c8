# SPDX-License-Identifier: Apache-2.0
"""What the tests of introspection stand on: a provider's endpoint (RFC 7662) that answers what a test says, the lines of a
configuration that have a host ask there, opaque tokens, and what came of a login."""

import base64
import json
import os
import time
import urllib.parse

from box import clients, files, host as host_module

from .stub_provider import StubProvider, document

GROUPS = ["corp-developers", "corp-operators"]
PATH = "/introspect"
SECRET = "a-secret-of-the-tests-0123456789"
SECRET_FILE = "/etc/latchkey/corp-client-secret"
KEY_FILE = "/etc/latchkey/corp-client-key.pem"
BUNDLE = "/etc/latchkey/bundle-ca.pem"
JWT = "application/token-introspection+jwt"
# Nothing is kept unless a test says so: each login asks.
FORGETFUL = ["introspection_positive_ttl: 0s", "introspection_negative_ttl: 0s"]
BY_SECRET = f"introspection_client: {{ client_id: latchkey, secret_file: {SECRET_FILE} }}"
OPAQUE = "opaque_tokens: { prefixes: [ corp_ ] }"


def secret_file(path: str, text: str) -> None:
    """As the manual says: of root, readable by latchkey-fetchd's group."""
    import grp
    files.write(path, text, 0o640, (0, grp.getgrnam("latchkey-fetch").gr_gid))


class Endpoint:
    """The introspection endpoint of a provider. `says` maps tokens to claims; what is not there is inactive."""

    def __init__(self, stub: StubProvider) -> None:
        self.stub = stub
        self.url = stub.origin + PATH
        self.says: dict[str, dict] = {}
        self.secret = SECRET
        self.forms: list[dict[str, str]] = []
        self.work()

    def work(self) -> None:
        self.stub.routes[PATH] = self._answer

    def answer_with(self, answer) -> None:
        """A whole answer in the place of the endpoint's own; a GET is none of ours."""
        self.stub.routes[PATH] = answer

    def asked(self) -> int:
        return self.stub.asked(PATH)

    def claims_for(self, form: dict[str, str]) -> dict:
        known = self.says.get(form.get("token", ""))
        return {"active": False} if known is None else {"active": True} | known

    def _answer(self, handler) -> None:
        form = dict(urllib.parse.parse_qsl(getattr(handler, "form", "")))
        self.forms.append(form)
        wanted = "Basic " + base64.b64encode(f"latchkey:{self.secret}".encode()).decode()
        if handler.command != "POST" or handler.headers.get("Authorization") != wanted:
            document(b"no", status=401)(handler)
            return
        document(json.dumps(self.claims_for(form)).encode(), Content_Type="application/json")(handler)


def opaque(host, name: str, prefix: str = "corp_") -> str:
    token = f"{prefix}{name}-{os.urandom(16).hex()}"
    host.search.add(token, f"opaque {name}")
    return token


def claims_of(user: str, groups: list[str], **more) -> dict:
    now = int(time.time())
    return {"token_type": "Bearer", "aud": host_module.AUDIENCE, "sub": f"subject-of-{user}", "client_id": "cli",
            "preferred_username": user, "groups": groups, "iat": now - 5, "exp": now + 300} | more


def opens(done: clients.Result) -> None:
    assert done.status == 0, done.said


def refused(host, done: clients.Result, *reasons: str) -> dict:
    """The decision, as explain shows it."""
    assert done.status == 255 and "uid=" not in done.out, done.said
    reason, request = host.refusal(done.said)
    assert reason in reasons, done.said
    return host.explain(request)


def introspection_of(host) -> dict:
    return host.status()["issuers"][0]["introspection"]
