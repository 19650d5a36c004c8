# SPDX-License-Identifier: Apache-2.0
"""snapshot_commands_test.py LATCHKEYCTL: `snapshot make` and what beats make of its folder."""

import json
import os
import shutil

import commands
from streams import Streams


class SnapshotCommands(Streams):
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

    def test_a_folder_that_is_lost_after_a_trim_is_given_up_and_made_anew(self) -> None:
        self.revoke()
        self.revoke("bob")
        self.assertEqual(self.make().returncode, 0)
        shutil.rmtree(self.path("snapshot"))
        del self.redis.entries[0]
        self.assertEqual(self.make("--anew").returncode, 1)
        self.revoke()
        self.expect_beat("--over-gap")
        done = self.make("--anew")
        self.assertEqual(done.returncode, 0, done.err)
        self.assertEqual(self.manifest()["version"], 2)
        self.assertEqual(sum(chunk["entries"] for chunk in self.manifest()["steps"][0]["chunks"]), 2)

    def test_a_version_above_that_of_the_hosts_is_made_where_nothing_knows_theirs(self) -> None:
        self.revoke()
        self.assertEqual(self.make("--version", "7", "--anew").returncode, 0)
        self.assertEqual((self.manifest()["version"], self.manifest()["steps"][0]["from"]), (7, 0))
        for version in ("7", "5"):
            done = self.make("--version", version)
            self.assertEqual(done.returncode, 1)
            self.assertIn("there is a version 7 already", done.err)
        # Of what lies in DIR, too.
        self.revoke("bob")
        self.redis.entries = self.redis.entries[1:]
        self.assertEqual(self.make("--version", "9").returncode, 0)
        made = self.manifest()
        self.assertEqual((made["version"], [step["from"] for step in made["steps"]]), (9, [0]))
        self.assertEqual(sum(chunk["entries"] for chunk in made["steps"][0]["chunks"]), 2)
        # Not where something is missing.
        del self.redis.entries[:]
        self.run_it("beat", *self.writer("admin"), may_be=(0,))
        os.remove(self.path("timer.notes"))
        shutil.rmtree(self.path("snapshot"))
        self.assertEqual(self.make("--version", "10").returncode, 1)
        self.assertFalse(os.path.exists(self.path("snapshot/manifest.jwt")))

    def test_another_key_goes_on_from_the_snapshot_of_one_that_was_taken_away(self) -> None:
        self.revoke()
        self.assertEqual(self.make().returncode, 0)
        self.redis.entries.clear()
        self.configure("admin")
        done = self.make(key="admin")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--former-keys", done.err)
        self.put("others.jwks", json.dumps({"keys": [self.keys["admin"]]}))
        self.assertEqual(self.make("--former-keys", "others.jwks", key="admin").returncode, 1)
        self.put("former.jwks", json.dumps({"keys": [self.keys["timer"]]}))
        self.revoke("bob")
        done = self.make("--former-keys", "former.jwks", key="admin")
        self.assertEqual(done.returncode, 0, done.err)
        self.assertEqual(self.manifest()["version"], 2)
        self.assertEqual(self.make(key="admin").returncode, 0)
        self.assertIn("2 entries", self.make(key="admin").out)

    def test_a_snapshot_that_is_older_than_the_notes_covers_nothing(self) -> None:
        self.revoke()
        self.assertEqual(self.make().returncode, 0)
        shutil.copytree(self.path("snapshot"), self.path("backup"))
        self.revoke("bob")
        self.assertEqual(self.make().returncode, 0)
        done = self.beat("--snapshot", self.path("backup"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("the folder has version 1, and this key signed version 2", done.err)

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


if __name__ == "__main__":
    commands.main()
