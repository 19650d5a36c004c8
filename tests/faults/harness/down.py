# SPDX-License-Identifier: Apache-2.0
"""Issuers whose tokens are let in by their signature where nobody is there, and whose endpoint is up."""

import asyncio

from fetching import faults
from fetching.fault_provider import METADATA
from fetching.introspection import PATH
from harness.asked import AskedCorp
from harness.scenario import refuse
from harness.traffic import TokenClass, random_opaque_token


class DownCorp(AskedCorp):
    """Its endpoint may answer some tokens, and guesses, in a way of their own; its place is in the metadata."""

    def __init__(self, *arguments, guess: str = "guess-", **options) -> None:
        self.guess, self.beginning = random_opaque_token(guess)
        self.apart: dict[str, object] = {}
        self.guesses = None  # how guesses are answered
        self.answer_s = 0.0  # so long each question takes, one after the other
        self._turn = asyncio.Lock()
        super().__init__(*arguments, **options)

    def serve(self, *keys, **options) -> None:
        super().serve(*keys, **options)
        metadata = self.provider.metadata(introspection_endpoint=self.provider.origin + PATH)
        self.provider.routes = self.provider.routes | {METADATA: faults.document(metadata)}

    async def _reply(self, token: str, exchange) -> None:
        if self.answer_s:
            async with self._turn:
                await asyncio.sleep(self.answer_s)
        own = self.apart.get(token) or (self.guesses if token.startswith(self.beginning) else None)
        await (own(exchange) if own else super()._reply(token, exchange))

    def section(self, **members) -> dict:
        section = super().section(introspection_down="signature", opaque_tokens={"prefixes": [self.beginning]}, **members)
        del section["introspection_endpoint"]
        return section

    def down_classes(self, other: "DownCorp") -> list[TokenClass]:
        taken_back = self.good("taken_back", 30, count=40)
        taken_back.right = refuse("token_inactive")
        # Of one bearer, who has many addresses; good as far as anybody can tell.
        self.his = self.active(self.good("his", 1, user="bob", count=40))
        guesses = [TokenClass(f"guesses_at_{each.name}", 4, refuse("token_inactive"), [each.guess], source="192.0.2.66")
                   for each in (self, other)]
        return [self.active(self.good("good", 20, count=15)), taken_back, self.his, *guesses]
