# SPDX-License-Identifier: Apache-2.0
"""An issuer that is asked about its tokens (RFC 7662): its endpoint, its tokens with the right verdict of each, and what
status says of asking it."""

import json
import os
import time
import urllib.parse

from fetching import faults, issuer_keys
from fetching.introspection import PATH, secret_file
from harness.scenario import Corp, refuse
from harness.traffic import TokenClass, random_opaque_token
from harness.verdicts import ALLOW, Right

SECRET_FILE = "/etc/latchkey/faults-secret"
RATE = 100  # introspection_rate
KEPT_S = 1  # both ways
QUESTION_S = 2.0  # fetch_timeout of world.issuer_section(): the longest that a question takes
GUESS, GUESSES_BEGIN = random_opaque_token("guess-")


class AskedCorp(Corp):
    """`says` has what is active, with the claims that are answered."""

    def __init__(self, *arguments, **options) -> None:
        self.says: dict[str, dict] = {}
        super().__init__(*arguments, **options)
        secret_file(SECRET_FILE, "a-secret-of-the-faults")

    def serve(self, *keys, **options) -> None:
        super().serve(*keys, **options)
        self.provider.routes = self.provider.routes | {PATH: self._answer}

    async def _answer(self, exchange) -> None:
        size = int(exchange.headers["Content-Length"])
        form = dict(urllib.parse.parse_qsl((await exchange.reader.readexactly(size)).decode()))
        await self._reply(form["token"], exchange)

    async def _reply(self, token: str, exchange) -> None:
        known = self.says.get(token)
        body = {"active": False} if known is None else {"active": True} | known
        await faults.document(json.dumps(body).encode(), Content_Type="application/json")(exchange)

    def section(self, **members) -> dict:
        return super().section(**{
            "introspection": "required", "introspection_endpoint": self.provider.origin + PATH,
            "introspection_client": {"client_id": "host", "secret_file": SECRET_FILE},
            "introspection_positive_ttl": f"{KEPT_S}s", "introspection_negative_ttl": f"{KEPT_S}s",
            "introspection_rate": RATE, "opaque_tokens": {"prefixes": ["corp_", GUESSES_BEGIN]}} | members)

    def active(self, kind: TokenClass) -> TokenClass:
        for token in kind.tokens:
            self.says[token] = {}
        return kind

    def opaque(self, name: str, weight: int, right: Right, count: int = 5, **claims) -> TokenClass:
        now = int(time.time())
        tokens = [f"corp_{os.urandom(16).hex()}" for _ in range(count)]
        for token in tokens:
            self.says[token] = {"token_type": "Bearer"} | issuer_keys.claims(self.issuer, "alice", now=now) | claims
        return TokenClass(name, weight, right, tokens)

    def asked_classes(self, world) -> list[TokenClass]:
        """Signed and opaque tokens, those that the provider has taken back, and those that are wrong by themselves,
        however active they are called."""
        taken_back = self.good("taken_back", 5, count=6)
        taken_back.right = refuse("token_inactive")
        gone = self.opaque("opaque_taken_back", 5, refuse("token_inactive"))
        for token in gone.tokens:
            del self.says[token]
        return [self.active(self.good("good", 40, count=15)), self.opaque("opaque", 20, Right(ALLOW)), taken_back, gone,
                self.opaque("opaque_elsewhere", 3, refuse("audience_wrong"), 2, aud="ssh://elsewhere"),
                self.opaque("opaque_expired", 3, refuse("token_expired"), 2, exp=int(time.time()) - 60),
                *map(self.active, self.bad()), self.active(self.revoked(world))]

    def questions(self, since: float, until: float) -> int:
        return self.provider.asked(PATH, since, until)

    @staticmethod
    def questions_most(since: float, until: float) -> int:
        return int(RATE * (until - since)) + 2 * RATE

    def asking(self, world) -> dict:
        return {"last_error": None} | world.issuer(self.name)["introspection"]
