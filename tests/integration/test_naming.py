# SPDX-License-Identifier: Apache-2.0
"""Which local names a token is good for, and what a name is bound to, through a real sshd."""

from box import accounts, clients

GROUPS = ["corp-developers"]
BY_CLAIM = "    user: { claim: preferred_username }\n"


def named(by: str):
    return lambda text: text.replace(BY_CLAIM, f"    user: {by}\n")


def signs_in(host, minted_for: str, user: str, groups=tuple(GROUPS), **claims):
    """The reason of the refusal; "" where it lets her in."""
    done = clients.ssh(host.provider.token(minted_for, list(groups), claims=claims), user, "id -un")
    if done.status == 0:
        assert done.out == f"{user}\n"
        return ""
    return host.refusal(done.said)[0]


def test_several_claims_in_order(host):
    host.with_config(named("{ claim: [ unix_name, preferred_username ] }"))
    assert signs_in(host, "somebody", "alice", unix_name="alice") == ""
    assert signs_in(host, "bob", "bob") == ""
    assert signs_in(host, "bob", "bob", unix_name="carol") == "user_mismatch"


def test_a_template(host):
    host.with_config(named('{ template: "{first}{last}" }'))
    assert signs_in(host, "x", "alice", first="al", last="ice") == ""
    assert signs_in(host, "x", "alice", first="al") == "claim_missing"
    # Another who is called alike by it is another.
    assert signs_in(host, "y", "alice", first="a", last="lice") == "subject_conflict"


def test_a_table_by_the_subject(host):
    host.with_config(named('{ table: { "devidp|x": [ alice, bob ], "devidp|y": [ carol ] } }'))
    assert signs_in(host, "x", "alice") == "" and signs_in(host, "x", "bob") == ""
    assert signs_in(host, "x", "carol") == "user_mismatch"
    assert signs_in(host, "alice", "alice") == "name_unusable"


def test_a_name_is_bound_to_the_configured_claims_whatever_the_subject_is(host):
    host.with_config(named("{ claim: preferred_username, bind: [ tid, oid ] }"))
    one = {"tid": "t", "oid": "1"}
    assert signs_in(host, "alice", "alice", **one) == ""
    assert signs_in(host, "alice", "alice", sub="of another application", **one) == ""
    assert clients.key_login(accounts.ALICE).out == "alice\n"
    assert signs_in(host, "alice", "alice", tid="t", oid="2") == "subject_conflict"
    assert signs_in(host, "alice", "alice", tid="t") == "claim_missing"
    listed = host.ctl("bindings", "list").stdout
    assert "oid=1,tid=t" in listed
    host.latchkeyd.stop()
    host.latchkeyd.start()
    assert clients.key_login(accounts.ALICE).out == "alice\n"
    assert signs_in(host, "alice", "alice", **one) == ""
    host.ctl("bindings", "remove", "alice")
    assert signs_in(host, "alice", "alice", tid="t", oid="2") == ""


def test_groups_by_a_path_by_words_and_elsewhere(host):
    host.with_config(lambda text: text.replace("      claim: groups\n", "      claim: realm_access.roles\n"))
    assert signs_in(host, "alice", "alice", [], realm_access={"roles": GROUPS}) == ""
    assert signs_in(host, "alice", "alice", GROUPS) == "access_denied"
    host.with_config(lambda text: text.replace("      claim: groups\n", "      claim: scope\n      form: words\n"))
    assert signs_in(host, "alice", "alice", [], scope="openid corp-developers") == ""
    assert signs_in(host, "alice", "alice", [], scope="openid corp-developersx") == "access_denied"
    host.with_config(lambda text: text)
    token = host.provider.token("alice", GROUPS, "--without", "groups", claims={"_claim_names": {"groups": "src1"}})
    done = clients.ssh(token, "alice", "true")
    assert done.status == 255 and host.refusal(done.said)[0] == "groups_elsewhere"
