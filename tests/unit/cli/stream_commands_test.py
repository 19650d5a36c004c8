# SPDX-License-Identifier: Apache-2.0
"""stream_commands_test.py LATCHKEYCTL: `revoke --fleet` and `beat` against a server that answers as a test wants, where no Redis would."""

import json
import os
import shutil
import socketserver
import threading

import commands
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
        keys = [self.key(name, "--type", "OKP") for name in ("admin", "timer")]
        self.put("password", "sesame-of-the-writers")
        document = json.dumps({"keys": keys})
        self.put("stream.yaml", CONFIG + ACCESS + "revocation:\n  streams:\n    - name: now\n      issuer: " + NAME +
                 f"\n      server: unix://{self.path('redis')}\n      keys: {json.dumps(document)}\n")

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

    # What others write.

    def test_reads_past_what_anybody_wrote(self) -> None:
        self.revoke()
        last = self.redis.payloads()[-1]["seq"]
        self.redis.add(*[b"x"] * 6_000)
        for _ in range(64):
            self.redis.add(*[b"x"] * 140)
        self.redis.add(b"item", b"x" * 1_000_000)
        self.revoke("bob")
        self.expect_beat()
        self.assertEqual(list(self.seen().values()), [self.redis.payloads()[-2]["seq"]])
        self.assertGreater(self.redis.payloads()[-2]["seq"], last)

    def test_reads_a_stream_whose_last_entry_has_the_greatest_id(self) -> None:
        self.revoke()
        for at in ((7, MOST), (MOST, 3), (MOST, MOST)):
            for _ in range(31):
                self.redis.add(b"x", b"x")
            self.redis.add(b"x", b"x", at=at)
        for done in (self.beat(), self.revoke("bob")):
            self.assertEqual(done.returncode, 1)
            self.assertIn("exhausted the last possible ID", done.err)
            self.assertIn("give the stream another 'key'", done.err)

    def test_ends_where_the_entries_do_not_lead_on(self) -> None:
        self.redis.says["XRANGE"] = array([array([bulk(b"1-1"), array([bulk(b"x"), bulk(b"x")])])])
        done = self.beat()
        self.assertEqual(done.returncode, 1)
        self.assertIn("XRANGE oddly", done.err)

    # What the server answers.

    def test_a_refused_password_is_not_shown(self) -> None:
        for answer in (b"-ERR unknown command 'AUTH', with args beginning with: 'default' 'sesame-of-the-writers' \r\n",
                       b"-sesame-of-the-writers\r\n", b"$21\r\nsesame-of-the-writers\r\n"):
            self.redis.says["AUTH"] = answer
            done = self.revoke("alice", "--redis-user", "writer", "--password-file", "password")
            self.assertNotIn("sesame", done.err + done.out)
            self.assertNotEqual(done.returncode, 0)
        self.redis.says["AUTH"] = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
        self.assertIn("WRONGPASS", self.revoke("alice", "--password-file", "password").err)

    def test_only_the_id_of_an_entry_says_that_an_item_is_there(self) -> None:
        for answer in (b"$-1\r\n", b"+OK\r\n", b":1\r\n", b"*0\r\n", bulk(b"1"), bulk(b"")):
            self.redis.says["XADD"] = answer
            done = self.revoke()
            self.assertEqual(done.returncode, 69, answer)
            self.assertIn("the next command with this key sends it again", done.err)
        del self.redis.says["XADD"]
        self.assertEqual(self.revoke("bob").returncode, 0)
        self.assertEqual(len(self.redis.entries), 2)

    # What a beat vouches for.

    def test_a_beat_says_no_less_than_the_one_before(self) -> None:
        self.revoke()
        self.expect_beat()
        first = self.seen()
        self.assertEqual(len(first), 1)
        beats = self.redis.entries[1:]
        self.redis.entries = beats  # what the administrator sent is gone, and nothing shows it
        self.expect_beat()
        self.assertEqual({key: self.seen()[key] for key in first}, first)
        # Nor where the item of the beat is still to be sent.
        self.redis.says["XADD"] = b"$-1\r\n"
        self.beat()
        del self.redis.says["XADD"]
        self.expect_beat()
        self.assertEqual({key: self.seen()[key] for key in first}, first)

    def test_no_beat_is_signed_over_a_gap(self) -> None:
        self.revoke()
        self.revoke("bob")
        del self.redis.entries[0]
        self.revoke("carol")
        done = self.beat()
        self.assertEqual(done.returncode, 1)
        self.assertIn("missing in the stream", done.err)
        self.assertEqual(len(self.redis.entries), 2, "nothing was sent")
        self.assertNotIn("lost", self.redis.payloads()[-1])
        self.expect_beat("--over-gap")
        self.assertEqual(list(self.redis.payloads()[-1]["lost"].values()), [self.redis.payloads()[-2]["seq"]])
        os.remove(self.path("timer.notes"))
        self.expect_beat()  # what was said once everybody knows
        self.assertNotIn("lost", self.redis.payloads()[-1])

    def test_a_beat_is_no_link_of_the_chain(self) -> None:
        self.revoke()
        number = self.redis.payloads()[0]["seq"]
        for _ in range(2):
            self.assertEqual(self.run_it("beat", *self.writer("admin"), may_be=(0,)).returncode, 0)
            self.assertEqual(self.redis.payloads()[-1]["prev"], number)
        self.revoke("bob")
        self.assertEqual(self.redis.payloads()[-1]["prev"], number)

    # Where the notes are gone.

    def test_a_writer_without_notes_asks_the_stream_what_it_sent(self) -> None:
        self.revoke()
        number = self.redis.payloads()[0]["seq"]
        os.remove(self.path("admin.notes"))
        self.revoke("bob")
        self.assertEqual(self.redis.payloads()[-1]["prev"], number)
        # So does one whose first command is no revocation.
        os.remove(self.path("admin.notes"))
        self.run_it("snapshot", "make", self.path("snapshot"), *self.writer("admin"), may_be=(0,))
        self.revoke("bill")
        self.assertEqual(self.redis.payloads()[-1]["prev"], self.redis.payloads()[-2]["seq"])
        del self.redis.entries[-1]
        self.put("admin.notes", f"{self.redis.payloads()[1]['seq']}\n")
        # What was trimmed somebody's beat speaks of.
        self.expect_beat()
        number = self.redis.payloads()[1]["seq"]
        self.redis.entries = self.redis.entries[-1:]
        os.remove(self.path("admin.notes"))
        self.revoke("carol")
        self.assertEqual(self.redis.payloads()[-1]["prev"], number)
        # Who may not read it begins anew, and hosts will miss what was before.
        os.remove(self.path("admin.notes"))
        self.redis.says["XRANGE"] = b"-NOPERM this user has no permissions to run the 'xrange' command\r\n"
        self.assertEqual(self.revoke("dave").returncode, 0)
        self.assertEqual(self.redis.payloads()[-1]["prev"], 0)

    def test_what_a_writer_forgot_and_redis_hides_is_missed_by_beats_and_snapshots(self) -> None:
        self.revoke()
        self.expect_beat()
        self.redis.entries.clear()
        os.remove(self.path("admin.notes"))
        self.revoke("bob")
        self.assertEqual(self.beat().returncode, 1)
        done = self.make()
        self.assertEqual(done.returncode, 1)
        self.assertIn("INCOMPLETE", done.out)
        self.assertEqual(self.manifest().get("seen", {}), {}, "nothing is covered that was not heard")

    # The folder of the snapshot.

    def make(self, *more: str):
        return self.run_it("snapshot", "make", self.path("snapshot"), *self.writer("timer"), *more, may_be=(0, 1))

    def manifest(self) -> dict:
        with open(self.path("snapshot/manifest.jwt"), encoding="ascii") as file:
            return json.loads(b64(file.read().split(".")[1]))

    def test_no_version_of_a_snapshot_is_made_twice(self) -> None:
        self.revoke()
        self.assertEqual(self.make().returncode, 0)
        shutil.copytree(self.path("snapshot"), self.path("backup"))
        self.revoke("bob")
        self.assertEqual(self.make().returncode, 0)
        self.assertEqual(self.manifest()["version"], 2)
        self.revoke("carol")
        for folder in ("backup", "no-such"):
            shutil.rmtree(self.path("snapshot"))
            if folder == "backup":
                shutil.copytree(self.path(folder), self.path("snapshot"))
            done = self.make()
            self.assertEqual(done.returncode, 1)
            self.assertIn("this key signed version 2", done.err)
        self.assertEqual(self.make("--anew").returncode, 0)
        made = self.manifest()
        self.assertEqual((made["version"], [step["from"] for step in made["steps"]]), (3, [0]))
        self.assertEqual(sum(chunk["entries"] for chunk in made["steps"][0]["chunks"]), 3)
        self.assertEqual(self.make().returncode, 0)

    def test_a_snapshot_is_made_anew_of_a_whole_stream_only(self) -> None:
        self.revoke()
        self.revoke("bob")
        self.assertEqual(self.make().returncode, 0)
        shutil.rmtree(self.path("snapshot"))
        del self.redis.entries[0]
        done = self.make("--anew")
        self.assertEqual(done.returncode, 1)
        self.assertIn("bring DIR back", done.err)
        self.assertFalse(os.path.exists(self.path("snapshot/manifest.jwt")))

    def test_what_the_notes_alone_know_is_given_up_too(self) -> None:
        self.revoke()
        self.expect_beat()
        number = self.redis.payloads()[0]["seq"]
        self.redis.entries.clear()
        self.expect_beat()  # the notes vouch for it: it may have been trimmed
        self.assertNotIn("lost", self.redis.payloads()[-1])
        self.expect_beat("--over-gap")
        self.assertEqual(list(self.redis.payloads()[-1]["lost"].values()), [number])

    def test_what_a_snapshot_covers_is_missed_by_no_new_writer(self) -> None:
        self.revoke()
        self.assertEqual(self.make().returncode, 0)
        self.revoke("bob")
        del self.redis.entries[0]
        os.remove(self.path("timer.notes"))
        self.assertEqual(self.beat().returncode, 1)
        self.expect_beat("--snapshot", self.path("snapshot"))
        self.assertNotIn("lost", self.redis.payloads()[-1])

    def test_nothing_is_taken_back_while_something_is_missing(self) -> None:
        self.revoke()
        self.revoke("bob")
        del self.redis.entries[0]
        self.put("back", '{"kind":"user","value":"bob"}\n')
        done = self.make("--take-back", self.path("back"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("something of the stream is missing", done.err)

    def test_a_first_snapshot_that_was_never_signed_is_made_again(self) -> None:
        self.revoke()
        self.assertEqual(self.make().returncode, 0)
        os.remove(self.path("snapshot/manifest.jwt"))
        os.remove(self.path("timer.notes"))
        self.assertEqual(self.make().returncode, 0)

    def test_a_gap_that_was_given_up_is_none_for_the_snapshot(self) -> None:
        self.revoke()
        self.revoke("bob")
        del self.redis.entries[0]
        self.assertEqual(self.make().returncode, 1)
        self.expect_beat("--over-gap")
        done = self.make()
        self.assertEqual(done.returncode, 0, done.out + done.err)
        self.assertEqual(list(self.manifest()["seen"].values()), [self.redis.payloads()[0]["seq"]])

    def test_what_another_beat_spoke_of_is_missing_too(self) -> None:
        self.revoke()
        self.expect_beat()
        del self.redis.entries[0]
        os.remove(self.path("timer.notes"))
        self.assertEqual(self.beat().returncode, 1)

    def test_notes_of_before_are_read_and_damaged_ones_refused(self) -> None:
        self.put("timer.notes", "5\n")
        self.expect_beat()
        self.put("timer.notes", "5\nseen x\n")
        self.assertEqual(self.beat().returncode, 1)


if __name__ == "__main__":
    commands.main()
