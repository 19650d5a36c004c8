# SPDX-License-Identifier: Apache-2.0
"""What most faults have in common: traffic of every class, a quiet span, the fault, its end, the way back, the counts."""

import dataclasses
import time

from fetching import faults, issuer_keys
from fetching.fault_provider import JWKS, METADATA, FaultProvider
from fetching.issuer_keys import Key
from harness.traffic import Traffic, TokenClass, random_kid_token
from harness.verdicts import ALLOW, REFUSE, Allowance, Right, judge, percentile
from harness.world import issuer_section

INTERVAL_S = 1.0  # min_fetch_interval of world.issuer_section()
QUIET_S, FAULT_S = 1.0, 2.0
WORKERS_S = 0.25  # from a new set at the control thread to every worker, on a machine that is busy elsewhere
ALGORITHMS = ("ES256", "RS256", "EdDSA")


def refuse(*reasons: str) -> Right:
    return Right(REFUSE, frozenset(reasons))


class Corp:
    """An issuer with a key of each algorithm, its provider, and the tokens of every class."""

    def __init__(self, authority, name: str = "corp", host: str = "127.0.0.1", **certificate) -> None:
        self.name = name
        self.authority = authority
        self.provider = FaultProvider(authority.issue(host=host, **certificate), host)
        self.keys = [Key(f"{name}-{algorithm}", algorithm) for algorithm in ALGORITHMS]
        self.serve()

    @property
    def issuer(self) -> str:
        return self.provider.origin

    def serve(self, *keys: Key, max_age: int = 1) -> None:
        """A good provider with these keys, or its own."""
        self.provider.listen()
        self.provider.door = "tls"
        body = issuer_keys.key_set(*(keys or self.keys))
        self.provider.routes = {METADATA: faults.document(self.provider.metadata()),
                                JWKS: faults.document(body, Cache_Control=f"max-age={max_age}")}

    def token(self, key: Key | None = None, user: str = "alice", now: float | None = None, header: dict | None = None,
              **changes) -> str:
        payload = issuer_keys.claims(self.issuer, user, now=now, **changes)
        return issuer_keys.token(key or self.keys[0], payload, **(header or {}))

    def section(self, **members) -> dict:
        return issuer_section(self.name, self.provider, self.authority.file, **members)

    def good(self, name: str = "good", weight: int = 70, user: str = "alice", count: int = 30, **more) -> TokenClass:
        tokens = [self.token(self.keys[number % 3], user, **more) for number in range(count)]
        return TokenClass(name, weight, Right(ALLOW), tokens, user)

    def bad(self) -> list[TokenClass]:
        """One class for each way of being wrong that the verifier tells apart on a host."""
        now = time.time()
        stranger = {key.algorithm: Key(key.kid, key.algorithm) for key in self.keys}
        a, b = self.token(), self.token()
        kinds = {
            "expired": ([self.token(key, now=now - 7200, exp=int(now) - 60) for key in self.keys], refuse("token_expired")),
            "early": ([self.token(nbf=int(now) + 7200)], refuse("token_not_yet_valid")),
            "wrong_key": ([self.token(stranger[key.algorithm], header={"kid": key.kid}) for key in self.keys],
                          refuse("signature_invalid")),
            "mixed": ([a.rsplit(".", 1)[0] + "." + b.rsplit(".", 1)[1]], refuse("signature_invalid")),
            "no_algorithm": ([self.token(header={"alg": "none"}).rsplit(".", 1)[0] + "."], refuse("algorithm_unsupported")),
            "audience": ([self.token(aud="ssh://elsewhere")], refuse("audience_wrong")),
            "stranger": ([self.token(iss="https://stranger.example")], refuse("issuer_unknown")),
            "id_token": ([self.token(header={"typ": "JWT"})], refuse("type_wrong")),
            "other_user": ([self.token(user="dave")], refuse("user_mismatch")),
            "no_group": ([self.token(user="carol", groups=[])], refuse("access_denied")),
        }
        users = {"no_group": "carol"}
        made = [TokenClass(name, 2, right, tokens, users.get(name, "alice")) for name, (tokens, right) in kinds.items()]
        # Each of these asks for a fetch, as far as the interval lets it.
        made.append(TokenClass("unknown_kid", 2, refuse("key_unknown"), [random_kid_token(self.token())]))
        return made

    def revoked(self, world) -> TokenClass:
        """Tokens that are good but for having been revoked on this host."""
        ids = [f"revoked-{number}" for number in range(3)]
        for jti in ids:
            world.ctl("revoke", "--issuer", self.issuer, "--jti", jti)
        return TokenClass("revoked", 3, refuse("revoked_token"), [self.token(jti=jti) for jti in ids])

    def classes(self, world) -> list[TokenClass]:
        return [self.good(), *self.bad(), self.revoked(world)]

    def close(self) -> None:
        self.provider.close()


@dataclasses.dataclass
class Fault:
    """A fault of a provider: `on` and `off` switch it, `attempts(since, until)` counts what it was asked meanwhile, and
    `says` stands in the log and in the issuer's last error."""
    name: str
    on: object
    off: object
    says: str = ""
    attempts: object = None
    memory_kb_most: int | None = None


class Scenario:
    """Faults of one world and its traffic, one after the other without a restart."""

    def __init__(self, world, traffic: Traffic, report, corp: Corp) -> None:
        self.world, self.traffic, self.report, self.corp = world, traffic, report, corp

    def fetches(self, since: float, until: float) -> int:
        """Each begins with the metadata."""
        return self.corp.provider.asked(METADATA, since, until)

    @staticmethod
    def fetches_most(since: float, until: float) -> int:
        return int((until - since) / INTERVAL_S) + 2  # one may be due at either edge

    def quiet(self, seconds: float = QUIET_S) -> float:
        """Traffic without a fault, to compare with; when it began."""
        began = time.monotonic()
        self.traffic.seconds(seconds)
        return began

    def settled_fetch(self) -> None:
        """Waits until the keys can be fetched, and status says so."""
        self.traffic.until(lambda: self.world.issuer(self.corp.name)["last_error"] is None, "a good fetch")

    def first_accept(self, kind: str, since: float) -> float:
        """Waits for the first login of that class that is let in from then on; when it ended."""
        traffic = self.traffic

        def found():
            return [record.end for record in traffic.between(since, float("inf"))
                    if record.kind == kind and record.let_in and record.start >= since]
        traffic.until(found, f"a login of {kind}")
        return min(found())

    def finish(self, name: str, quiet: float, on: float, off: float, *, allowances=(), turns=(), back=None, requests=None,
               requests_most=None, settle: bool = True, **more):
        """Judges everything from `quiet` to now, writes the row, and holds the counts to what they must be."""
        end = time.monotonic()
        if settle:
            self.traffic.settled(end)
        records = self.traffic.between(quiet, end)
        tally = judge(records, self.traffic.rights, list(allowances), list(turns))
        p50, p99 = self.ratios(quiet, on, off)
        self.report.add(name, tally, p50=p50, p99=p99, requests=requests, requests_most=requests_most,
                        recovered_s=None if back is None else back - off, **more)
        tally.must_be_right()
        if requests_most is not None:
            assert requests <= requests_most, f"{requests} fetches, and at most {requests_most} are right"
        return tally

    def go(self, fault: Fault, allowances=lambda on, off: (), seconds: float = FAULT_S):
        world, traffic = self.world, self.traffic
        attempts = fault.attempts or self.fetches
        marks = world.marks()
        quiet = self.quiet()
        before = world.memory_kb()
        world.reset_peaks()
        on = time.monotonic()
        fault.on()
        traffic.seconds(seconds)
        traffic.until(lambda: attempts(on, time.monotonic()) > 0 and world.issuer(self.corp.name)["last_error"] is not None,
                      f"{fault.name}: an attempt that failed")
        last_error = world.issuer(self.corp.name)["last_error"]
        off = time.monotonic()
        fault.off()
        self.settled_fetch()
        back = time.monotonic()
        after = world.memory_kb()
        grown = {name: after[name][0] - before[name][0] for name in after}
        peak = {name: after[name][1] - before[name][0] for name in after}
        more = {"memory_grew_kb": grown, "memory_peak_kb": peak} if fault.memory_kb_most else {}
        self.finish(fault.name, quiet, on, off, allowances=allowances(on, off), back=back, requests=attempts(on, off),
                    requests_most=self.fetches_most(on, off), **more)
        assert fault.says in last_error, last_error
        said = world.said_since(marks)
        assert fault.says in said and "cannot be fetched" in said, said[-2000:]
        if fault.memory_kb_most:
            assert max(peak.values()) <= fault.memory_kb_most, f"resident memory grew by up to {peak} kB"

    def ratios(self, quiet: float, on: float, off: float) -> tuple[float | None, float | None]:
        calm, troubled = self.traffic.between(quiet, on), self.traffic.between(on, off)
        if not percentile(calm, 0.5) or not percentile(troubled, 0.5):
            return None, None
        return tuple(round(percentile(troubled, share) / max(percentile(calm, share), 1e-3), 2) for share in (0.5, 0.99))


def no_answers(since: float, until: float) -> Allowance:
    """No login need get an answer in this span, and nothing else is excused."""
    return Allowance(since, until, frozenset({"-"}))
