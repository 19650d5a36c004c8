# SPDX-License-Identifier: Apache-2.0
"""`latchkeyctl token verify` by the running daemon's keys, and a service token of an administrator's own key."""

import json
import os
import subprocess

from box import accounts, clients, files, forge
from box import host as host_module

GROUPS = ["corp-developers"]


def verify(host, token: str, *more: str, uid: int = 0) -> dict:
    """What it says of a token that comes through standard input; `status` is the exit status."""
    done = subprocess.run(["latchkeyctl", "--json", "token", "verify", *more], input=token, capture_output=True, text=True,
                          timeout=60, check=False, user=uid)
    assert host.search.in_bytes((done.stdout + done.stderr).encode()) == []
    return {**(json.loads(done.stdout) if done.stdout else {}), "status": done.returncode, "said": done.stdout + done.stderr}


def test_a_token_is_judged_by_the_daemons_keys_and_configuration(host):
    login = clients.ssh(host.provider.token("alice", GROUPS), "alice", "true")  # the keys are there now
    assert login.status == 0
    before = host.status()
    answer = verify(host, host.provider.token("alice", GROUPS))
    assert (answer["status"], answer["reason"]) == (0, "allowed")
    assert answer["keys"].startswith("of the running daemon, corp: fetched")
    for options, reason in ((("--expired",), "token_expired"), (("--bad-signature",), "signature_invalid"),
                            (("--alg-none",), "algorithm_unsupported"), (("--foreign-key",), "signature_invalid")):
        answer = verify(host, host.provider.token("alice", GROUPS, *options))
        assert (answer["status"], answer["reason"]) == (1, reason)
    after = host.status()
    for count in ("decisions", "remembered_tokens", "bindings"):
        assert after[count] == before[count], "the daemon never saw a token"


def test_a_sign_in_is_judged_as_the_daemon_judges_it(host):
    token = host.provider.token("alice", GROUPS)
    assert clients.ssh(token, "alice", "true").status == 0
    cases = [("alice", "sshd"), ("alice", "sudo"), ("bob", "sshd"), ("root", "sshd"), ("nobody-of-that-name", "sshd")]
    assert [verify(host, token, "--user", user, "--service", service)["reason"] for user, service in cases] == [
        "allowed", "access_denied", "user_mismatch", "user_mismatch", "user_mismatch"]

    # The daemon's own word about the same.
    refused = clients.ssh(token, "bob", "true")
    reason, request = host.refusal(refused.said)
    ours = verify(host, token, "--user", "bob")
    daemons = host.explain(request)
    assert (ours["reason"], ours["detail"]) == (reason, daemons["detail"])
    assert ours["checks"] == daemons["checks"]

    other = host.provider.token("alice", GROUPS, "--sub", "somebody-else")
    assert verify(host, other, "--user", "alice")["reason"] == "subject_conflict"
    host.ctl("revoke", "--jti", forge.claims_of(token)["jti"], "--issuer", host.provider.issuer)
    assert verify(host, token, "--user", "alice")["reason"] == "revoked_token"
    assert verify(host, token)["reason"] == "allowed", "the token alone was asked about"


def test_claims_that_nobody_has_are_judged_as_the_daemon_would_with_the_lines_of_the_files(host):
    def check(claims: dict, *more: str, user: str = "alice") -> dict:
        done = subprocess.run(["latchkeyctl", "--json", "check", "--user", user, "--claims", "-", *more], input=json.dumps(claims),
                              capture_output=True, text=True, timeout=60, check=False)
        return {**json.loads(done.stdout), "status": done.returncode}

    alice = {"sub": "devidp|alice", "preferred_username": "alice", "groups": GROUPS}
    answer = check(alice)
    assert (answer["status"], answer["reason"]) == (0, "allowed")
    assert answer["rule_place"].startswith("/etc/latchkey/latchkey.yaml:")
    # The daemon's own word about the same, once somebody has made it.
    refused = clients.ssh(host.provider.token("alice", []), "alice", "true")
    reason, request = host.refusal(refused.said)
    daemons, ours = host.explain(request), check({**alice, "groups": []})
    assert (ours["status"], ours["reason"], ours["detail"]) == (1, reason, daemons["detail"])
    assert (ours["rule"], ours["rule_place"], ours["checks"]) == (daemons["rule"], daemons["rule_place"], daemons["checks"])
    # Whom the name is bound to counts, and what is revoked.
    assert clients.ssh(host.provider.token("alice", GROUPS), "alice", "true").status == 0
    assert check({**alice, "sub": "somebody-else"})["reason"] == "subject_conflict"
    host.ctl("revoke", "--user", "alice")
    assert check(alice)["reason"] == "revoked_user"
    # A configuration that is to come.
    files.write("/etc/latchkey/tried.yaml", host.config().replace("developers, sre", "sre"))
    try:
        assert check({**alice, "preferred_username": "bob", "sub": "b"}, "--config", "/etc/latchkey/tried.yaml", user="bob")["reason"] == "access_denied"
    finally:
        os.unlink("/etc/latchkey/tried.yaml")


def test_without_the_daemon_or_its_leave_there_is_no_verdict(host):
    token = host.provider.token("alice", GROUPS)
    answer = verify(host, token, uid=accounts.PEOPLE[0].uid)
    assert answer["status"] == 2
    assert "root and the group latchkey-admin" in answer["said"]
    host.latchkeyd.stop()
    host.sockets["control"].close()
    answer = verify(host, token)
    assert answer["status"] == 2
    assert "--jwks FILE verifies without the daemon" in answer["said"]


def test_a_service_token_of_an_own_key_opens_a_session(host):
    """The provider's keys are a file, and its tokens are signed by `token sign`."""
    folder = "/etc/latchkey/service"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for name in os.listdir(folder):
        os.unlink(f"{folder}/{name}")
    public = host.ctl("jwk", "generate", "--type", "OKP", "--out", f"{folder}/key.jwk").stdout
    files.write("/etc/latchkey/service.jwks", '{"keys":[' + public + "]}")
    host.with_config(lambda text: text.replace(f"    ca_file: {host_module.CA_FILE}\n",
                                               "    jwks_file: /etc/latchkey/service.jwks\n"))
    host.ctl("token", "sign", "--key", f"{folder}/key.jwk", "--iss", host.provider.issuer, "--sub", "ci", "--aud",
             host_module.AUDIENCE, "--claim", 'preferred_username="alice"', "--claim", f"groups={json.dumps(GROUPS)}",
             "--out", f"{folder}/token")
    with open(f"{folder}/token", encoding="utf-8") as file:
        token = file.read().strip()
    os.unlink(f"{folder}/token")
    host.search.add(token, "the service token")
    answer = verify(host, token, "--user", "alice")
    assert (answer["status"], answer["reason"]) == (0, "allowed")
    assert "corp: file" in answer["keys"]
    done = clients.ssh(token, "alice", "id -un")
    assert (done.status, done.out.strip()) == (0, "alice"), done.said
