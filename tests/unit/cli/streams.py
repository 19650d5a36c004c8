# SPDX-License-Identifier: Apache-2.0
"""A server that answers as much as a stream's writer needs, and the writers of a fleet before it."""

import json
import socketserver
import threading

from commands import ACCESS, CONFIG, Commands, b64

NAME = "urn:fleets.example:revocations"
MOST = (1 << 64) - 1


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


def array(elements: list[bytes]) -> bytes:
    return b"*%d\r\n%s" % (len(elements), b"".join(elements))


class Stream(socketserver.ThreadingUnixStreamServer):
    """As much of Redis as a writer needs, and `says`: what is answered to a command instead."""

    daemon_threads = True

    def __init__(self, path: str) -> None:
        self.entries: list[tuple[tuple[int, int], list[bytes]]] = []
        self.says: dict[str, bytes] = {}
        super().__init__(path, Talk)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def add(self, *fields: bytes, at: tuple[int, int] | None = None) -> bytes:
        last = self.entries[-1][0] if self.entries else (1, 0)
        if last == (MOST, MOST):
            return b"-ERR The stream has exhausted the last possible ID, unable to add more items\r\n"
        following = (last[0], last[1] + 1) if last[1] < MOST else (last[0] + 1, 0)
        self.entries.append((at or following, list(fields)))
        return bulk(b"%d-%d" % self.entries[-1][0])

    def answer(self, words: list[bytes]) -> bytes:
        name = words[0].decode()
        if name in self.says:
            return self.says[name]
        if name == "AUTH":
            return b"+OK\r\n"
        if name == "XADD":
            return self.add(*words[3:])
        if name != "XRANGE":
            return b"-ERR unknown command\r\n"
        if b"%d-%d" % (MOST, MOST) in words[2]:
            return b"-ERR invalid start ID for the interval\r\n"
        start = (0, 0) if words[2] == b"-" else tuple(int(each) for each in words[2].split(b"-"))
        found = [entry for entry in self.entries if entry[0] >= start][:int(words[5])]
        return array([array([bulk(b"%d-%d" % at), array([bulk(each) for each in fields])]) for at, fields in found])

    def payloads(self) -> list[dict]:
        return [json.loads(b64(fields[1].split(b".")[1].decode())) for _, fields in self.entries if b"." in fields[1]]


class Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2])
            self.wfile.write(self.server.answer(words))


class Streams(Commands):
    def setUp(self) -> None:
        super().setUp()
        self.redis = Stream(self.path("redis"))
        self.addCleanup(self.redis.server_close)
        self.addCleanup(self.redis.shutdown)
        self.keys = {name: self.key(name, "--type", "OKP") for name in ("admin", "timer")}
        self.put("password", "sesame-of-the-writers")
        self.configure("admin", "timer")

    def configure(self, *keys: str, more: str = "") -> None:
        document = json.dumps({"keys": [self.keys[key] for key in keys]})
        self.put("stream.yaml", CONFIG + ACCESS + "revocation:\n  streams:\n    - name: now\n      issuer: " + NAME +
                 f"\n      server: unix://{self.path('redis')}\n      keys: {json.dumps(document)}\n" + more)

    def writer(self, key: str) -> list[str]:
        return ["--config", self.path("stream.yaml"), "--key", key]

    def revoke(self, user: str = "alice", *more: str, may_be=(0, 1, 2, 69)):
        return self.run_it("revoke", "--fleet", "--user", user, *self.writer("admin"), *more, may_be=may_be)

    def beat(self, *more: str, may_be=(0, 1, 2, 69)):
        return self.run_it("beat", *self.writer("timer"), *more, may_be=may_be)

    def seen(self) -> dict:
        return self.redis.payloads()[-1]["seen"]

    def expect_beat(self, *more: str) -> None:
        done = self.beat(*more)
        self.assertEqual(done.returncode, 0, done.err)

    def say(self, key: str, typ: str = "latchkey-revocation+jwt", **claims) -> bytes:
        """An item as that writer would sign it, whatever it says."""
        self.put("claims", json.dumps({"iss": NAME, "format": 1, **claims}))
        return self.run_it("token", "sign", "--key", key, "--typ", typ, "--claims", "claims", "--lifetime", "0",
                           may_be=(0,)).out.strip().encode()

    def make(self, *more: str, key: str = "timer"):
        return self.run_it("snapshot", "make", self.path("snapshot"), *self.writer(key), *more, may_be=(0, 1))

    def manifest(self) -> dict:
        with open(self.path("snapshot/manifest.jwt"), encoding="ascii") as file:
            return json.loads(b64(file.read().split(".")[1]))
