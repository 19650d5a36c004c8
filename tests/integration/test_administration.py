# SPDX-License-Identifier: Apache-2.0
"""What an administrator does while people sign in: revoke, explain, look, change the configuration, rotate."""

import json
import subprocess
import time

import pytest

from box import accounts, clients, files, forge
from box import host as host_module

GROUPS = ["corp-developers"]


def login(host, token=None, user="alice"):
    return clients.ssh(token or host.provider.token(user, GROUPS), user, "id -un")


def test_a_revoked_token_is_refused_by_the_very_next_login_and_another_is_not(host):
    token = host.provider.token("alice", GROUPS)
    assert login(host, token).status == 0
    host.ctl("revoke", "--jti", forge.claims_of(token)["jti"], "--issuer", host.provider.issuer)
    done = login(host, token)
    assert done.status == 255
    assert host.refusal(done.said)[0] == "revoked_token"
    assert login(host).status == 0


def test_a_revoked_subject_is_refused_until_it_has_a_token_from_later(host):
    old = host.provider.token("alice", GROUPS, "--issued-ago", "10m")
    assert login(host, old).status == 0
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(forge.claims_of(old)["iat"] + 300))
    host.ctl("revoke", "--subject", forge.claims_of(old)["sub"], "--issuer", host.provider.issuer, "--before", before)
    done = login(host, old)
    assert done.status == 255
    assert host.refusal(done.said)[0] == "revoked_subject"
    assert login(host).status == 0


def test_a_revoked_user_is_refused_whatever_they_bring_and_back_when_it_is_removed(host):
    assert login(host).status == 0
    added = host.ctl_json("revoke", "--user", "alice")
    done = login(host)
    assert host.refusal(done.said)[0] == "revoked_user"
    assert login(host, user="bob").status == 0
    listed = host.ctl_json("revocations", "list")["revocations"]
    assert [entry["value"] for entry in listed] == ["alice"]
    host.ctl("revocations", "remove", str(added["id"]))
    assert login(host).status == 0
    assert host.ctl_json("revocations", "list")["revocations"] == []


def test_a_revocation_outlives_the_daemon(host):
    assert login(host).status == 0
    host.ctl("revoke", "--user", "alice")
    host.latchkeyd.kill()
    host.latchkeyd.start()
    assert host.refusal(login(host).said)[0] == "revoked_user"


def test_explain_tells_every_check_of_a_decision_and_no_part_of_the_token(host):
    done = login(host, host.provider.token("bob", GROUPS))
    _, request = host.refusal(done.said)
    text = host.ctl("explain", request).stdout
    for word in ("user_mismatch", "signature", "alice", "sshd", request):
        assert word in text
    assert host.search.in_bytes(text.encode()) == []


def test_explain_of_an_id_that_was_never_given_says_so(host):
    done = host.ctl("explain", "00000000", check=False)
    assert done.returncode != 0
    assert "there is no decision of that id" in done.stderr and "00000000" not in done.stderr


def test_a_bad_configuration_changes_nothing_and_tells_every_error_with_its_place(host):
    before = host.status()["config_digest"]
    host.configure(host.config().replace("audiences:", "audience:") + "max_claims_age: soon\n")
    done = host.ctl("reload", check=False)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    lines = files.read(host_module.CONFIG).splitlines()
    for number, line in enumerate(lines, 1):
        if "audience:" in line or "soon" in line:
            assert f"latchkey.yaml:{number}:" in said
    status = host.status()
    assert status["config_digest"] == before
    assert status["config_error"]
    assert login(host).status == 0
    host.configure()
    host.reload()
    assert "config_error" not in host.status()


@pytest.mark.parametrize("arguments, word, status", [
    (["reload"], "config_invalid", 1),
    (["config", "dump", host_module.CONFIG], "config_invalid", 1),
    (["explain", "00000000"], "not_found", 1),
    (["revocations", "remove", "77"], "not_found", 1),
    (["revoke", "--jti", "x", "--issuer", "https://elsewhere.example"], "refused", 1),
    (["--socket", "/nowhere", "revocations", "list"], "unavailable", 69),
], ids=str)
def test_what_went_wrong_is_json_too_where_json_is_asked_for(host, arguments, word, status):
    host.configure(host.config().replace("audiences:", "audience:"))
    done = host.ctl("--json", *arguments, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr, told["error"]) == (status, "", word)
    assert told["message"]
    assert [error["column"] > 0 for error in told.get("errors", [])] == [True, True] * (word == "config_invalid")


def test_an_output_that_cannot_be_written_is_told(host):
    with open("/dev/full", "w") as full:
        done = subprocess.run(["latchkeyctl", "status"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (74, "latchkeyctl: the output could not be written\n")


def test_a_command_that_does_not_exist_is_wrong_usage_and_not_repeated(host):
    for arguments in (["stauts"], ["config", "stauts"]):
        done = host.ctl(*arguments, check=False)
        assert done.returncode == 64 and "no such command or option" in done.stderr
        assert "stauts" not in done.stderr, "it may be a token"


def test_config_check_tells_the_same_without_a_daemon(host):
    host.latchkeyd.stop()
    assert host.ctl("config", "check", host_module.CONFIG).returncode == 0
    files.write("/tmp/bad.yaml", host.config().replace("version: 1", "version: 7"))
    done = host.ctl("config", "check", "/tmp/bad.yaml", check=False)
    assert done.returncode != 0
    assert "/tmp/bad.yaml:1:" in done.stdout + done.stderr


def test_a_reload_is_felt_by_the_next_login(host):
    assert login(host).status == 0
    host.with_config(lambda text: text.replace("groups: [ developers, sre ]", "groups: [ sre ]"))
    assert host.refusal(login(host).said)[0] == "access_denied"


def test_a_new_key_of_the_provider_works_without_a_restart(host):
    old = host.provider.token("alice", GROUPS)
    assert login(host, old).status == 0
    pid = host.status()["pid"]
    host.provider.rotate("--keep-old")
    new = host.provider.token("alice", GROUPS)
    # An unknown key is fetched at most once a second (min_fetch_interval): until then it is refused, and no other way.
    for _ in range(50):
        done = login(host, new)
        if done.status == 0:
            break
        assert host.refusal(done.said)[0] == "key_unknown"
    assert done.status == 0
    assert login(host, old).status == 0
    assert host.status()["pid"] == pid


def test_a_rotated_key_is_there_when_keys_refresh_returns(host):
    assert login(host).status == 0
    host.provider.rotate()
    done = {"outcome": "too_soon"}  # not before a second after the last fetch (min_fetch_interval)
    while done["outcome"] == "too_soon":
        done = json.loads(host.ctl("--json", "keys", "refresh", "corp", check=False).stdout)["issuers"][0]
    assert (done["issuer"], done["outcome"]) == ("corp", "changed")
    assert login(host).status == 0


def test_keys_refresh_says_what_went_wrong_by_its_status_and_issuers_shows_it(host):
    assert login(host).status == 0
    before = host.ctl_json("issuers")["issuers"][0]
    assert (before["freshness"], before["stale"], before.get("last_error")) == ("fresh", False, None)
    assert before["keys"][0]["type"] and before["place"].startswith("https://")
    host.provider.stop()
    done = host.ctl("keys", "refresh", check=False)
    while "too soon" in done.stdout:  # for the second that is min_fetch_interval here
        done = host.ctl("keys", "refresh", check=False)
    assert done.returncode == 1
    assert "failed: corp: metadata: connection: " in done.stdout
    assert host.ctl_json("issuers", "corp")["issuers"][0]["last_error"].startswith("corp: metadata: connection: ")
    assert host.ctl("issuers", "nobody", check=False).returncode == 1


def test_known_keys_serve_on_when_the_provider_is_gone(host):
    assert login(host).status == 0
    host.provider.stop()
    assert login(host, host.provider.token("alice", GROUPS)).status == 0


def test_status_names_the_issuer_its_keys_and_what_went_wrong(host):
    assert login(host).status == 0  # the keys are there now, whoever was first
    issuer = host.status()["issuers"][0]
    assert (issuer["name"], issuer["issuer"]) == ("corp", host.provider.issuer)
    assert issuer["keys"] and issuer["source"] == "fetched"


@pytest.mark.parametrize("person, opens", [(accounts.ALICE, False), (accounts.ROOT, True)], ids=["a user", "root"])
def test_only_root_and_administrators_reach_the_control_socket(host, person, opens):
    done = clients.run_as(person, ["latchkeyctl", "status"])
    assert (done.status == 0) == opens
