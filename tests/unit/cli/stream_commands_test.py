# SPDX-License-Identifier: Apache-2.0
"""stream_commands_test.py LATCHKEYCTL: `revoke --fleet` and `beat` against a server that answers as a test wants, where no Redis would."""

import os
import time

import commands
from streams import MOST, Streams, array, bulk


class StreamCommands(Streams):
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
        for done in (self.beat(), self.revoke()):  # who has no notes asks what it sent
            self.assertEqual(done.returncode, 69)
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
        self.assertEqual(list(self.redis.payloads()[-1]["lost"].values()), [[0, self.redis.payloads()[0]["prev"]]])
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

    def test_a_clock_that_is_behind_the_stream_begins_no_notes(self) -> None:
        self.redis.add(b"item", self.say("timer", iat=int(time.time()) + 900, seq=1, prev=0, entries=[], max_age=60))
        done = self.revoke()
        self.assertEqual(done.returncode, 1)
        self.assertIn("clock is behind", done.err)
        self.assertFalse(os.path.exists(self.path("admin.notes")))
        self.put("admin.notes", "0\n")
        self.assertEqual(self.revoke().returncode, 0)

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

    # What is given up.

    def test_what_the_notes_alone_know_is_given_up_too(self) -> None:
        self.revoke()
        self.expect_beat()
        number = self.redis.payloads()[0]["seq"]
        self.redis.entries.clear()
        self.expect_beat()  # the notes vouch for it: it may have been trimmed
        self.assertNotIn("lost", self.redis.payloads()[-1])
        self.assertIn(f"after 0 up to {number}", self.make().out)
        self.expect_beat("--over-gap")
        self.assertEqual(list(self.redis.payloads()[-1]["lost"].values()), [[0, number]])

    def test_no_more_is_given_up_than_what_is_missing(self) -> None:
        for user in ("alice", "bob", "carol"):
            self.revoke(user)
        del self.redis.entries[1]
        self.assertEqual(self.beat().returncode, 1)
        done = self.beat("--over-gap")
        first, last = self.redis.payloads()[0]["seq"], self.redis.payloads()[1]["prev"]
        self.assertIn(f"after {first} up to {last}", done.out)
        self.assertEqual(list(self.redis.payloads()[-1]["lost"].values()), [[first, last]])

    def test_what_was_there_is_missed_by_snapshots_also_once_something_was_given_up(self) -> None:
        for user in ("alice", "bob", "carol"):
            self.revoke(user)
        del self.redis.entries[1]
        self.revoke("bob")
        self.beat()
        self.expect_beat("--over-gap")
        whole = list(self.redis.entries)
        for hidden in (0, 1, 2):
            self.redis.entries = whole[:hidden] + whole[hidden + 1:]
            self.assertIn("INCOMPLETE", self.make().out, hidden)
        self.redis.entries = whole
        self.assertEqual(self.make().returncode, 0)

    def test_nothing_is_given_up_but_what_was_named(self) -> None:
        for user in ("alice", "bob", "carol", "dave"):
            self.revoke(user)
        whole = list(self.redis.entries)
        done = self.beat("--over-gap")
        self.assertEqual((done.returncode, "lost" in self.redis.payloads()[-1]), (0, False), "nothing is missing")
        del self.redis.entries[2]
        done = self.beat("--over-gap")
        self.assertEqual(done.returncode, 1, "nobody was told so far")
        # Who is to give carol up is shown less at that moment.
        self.redis.entries = [whole[0], whole[3]]
        done = self.beat("--over-gap")
        self.assertEqual(done.returncode, 1)
        self.redis.entries = [whole[0], whole[1], whole[3]]
        self.expect_beat("--over-gap")
        lost = self.redis.payloads()[-1]["lost"]
        self.assertEqual(list(lost.values()), [[self.redis.payloads()[1]["seq"], self.redis.payloads()[2]["prev"]]])

    def test_a_gap_of_its_own_is_missed_and_given_up_like_anothers(self) -> None:
        self.revoke()
        with open(self.path("admin.notes"), encoding="ascii") as file:
            notes = file.read()
        self.revoke("bob")
        self.expect_beat()
        del self.redis.entries[1]
        self.put("admin.notes", notes)  # out of a backup

        def own(*more: str):
            return self.run_it("beat", *self.writer("admin"), *more, may_be=(0, 1))

        self.assertEqual(own().returncode, 1)
        del self.redis.entries[1]
        self.assertEqual(own().returncode, 1, "what spoke of it is gone, too")
        self.assertEqual(own("--over-gap").returncode, 0)
        lost, = self.redis.payloads()[-1]["lost"].values()
        self.revoke("carol")
        self.assertEqual(self.redis.payloads()[-1]["prev"], lost[-1])
        os.remove(self.path("timer.notes"))
        self.expect_beat()

    def test_with_a_snapshot_in_its_place_no_beat_gives_up_what_that_covers(self) -> None:
        self.revoke()
        self.configure("admin", "timer", more="      snapshot_url: https://lists.example.com/now/manifest.jwt\n")
        done = self.beat("--over-gap")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--snapshot DIR says what it covers", done.err)
        done = self.beat("--over-gap", "--snapshot", self.path("no-such"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no such folder", done.err)
        os.mkdir(self.path("empty"))
        self.expect_beat("--over-gap", "--snapshot", self.path("empty"))
        self.expect_beat()

    def test_what_was_missed_once_is_missed_when_nothing_speaks_of_it_any_more(self) -> None:
        self.revoke()
        self.run_it("beat", *self.writer("admin"), may_be=(0,))
        del self.redis.entries[0]
        self.assertEqual(self.beat().returncode, 1)
        self.redis.entries.clear()
        self.assertEqual(self.beat().returncode, 1)
        self.assertIn("INCOMPLETE", self.make().out)
        self.expect_beat("--over-gap")
        self.expect_beat()
        self.assertEqual(self.make().returncode, 0)

    def test_what_a_snapshot_missed_is_missed_by_the_next_beat(self) -> None:
        self.revoke()
        self.run_it("beat", *self.writer("admin"), may_be=(0,))
        del self.redis.entries[0]
        self.assertIn("INCOMPLETE", self.make().out)
        self.redis.entries.clear()
        self.assertEqual(self.beat().returncode, 1)

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
