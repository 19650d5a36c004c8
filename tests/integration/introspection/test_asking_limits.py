# SPDX-License-Identifier: Apache-2.0
"""How often an issuer is asked: what is kept and for how long, and what somebody costs it who guesses at tokens."""

from box import clients, files, host as host_module, namespaces
from fetching.introspection import GROUPS, OPAQUE, claims_of, introspection_of, opaque, opens, refused

KEPT = ["introspection_positive_ttl: 1h", "introspection_negative_ttl: 1h"]
BRIEFLY = ["introspection_positive_ttl: 1s", "introspection_negative_ttl: 1s"]
ELSEWHERE = ("-o", f"BindAddress={namespaces.ELSEWHERE}")  # another source
LOGINS_MOST = 100  # of one after the other, which take longer than what is kept briefly


def forget(host) -> None:
    """Another section is another memory."""
    host.configure(files.read(host_module.CONFIG).replace("leeway: 5s", "leeway: 6s"))
    host.reload()


def test_a_kept_answer_outlives_a_revocation_for_its_time_and_no_longer(asking, endpoint):
    host = asking(OPAQUE, *KEPT, keep=True)
    token = opaque(host, "alice")
    endpoint.says[token] = claims_of("alice", GROUPS)
    opens(clients.ssh(token, "alice"))
    del endpoint.says[token]
    opens(clients.ssh(token, "alice"))
    assert endpoint.asked() == 1
    forget(host)
    refused(host, clients.ssh(token, "alice"), "token_inactive")


def test_a_kept_answer_ends_by_itself(asking, endpoint):
    host = asking(OPAQUE, *BRIEFLY, keep=True)
    token = opaque(host, "alice")
    endpoint.says[token] = claims_of("alice", GROUPS)
    opens(clients.ssh(token, "alice"))
    del endpoint.says[token]
    for _ in range(LOGINS_MOST):
        if (done := clients.ssh(token, "alice")).status != 0:
            break
    refused(host, done, "token_inactive")


def test_a_no_is_kept_for_its_time_and_no_longer(asking, endpoint):
    host = asking(OPAQUE, *KEPT, keep=True)
    token = opaque(host, "alice")
    refused(host, clients.ssh(token, "alice"), "token_inactive")
    endpoint.says[token] = claims_of("alice", GROUPS)
    refused(host, clients.ssh(token, "alice"), "token_inactive")
    assert endpoint.asked() == 1
    forget(host)
    opens(clients.ssh(token, "alice"))


def test_junk_of_one_source_asks_the_provider_no_more_than_its_budget(asking, endpoint):
    host = asking(OPAQUE, keep=True)
    host.configure(files.read(host_module.CONFIG) + "budgets: { verify_cpu_burst: 50ms, verify_cpu_per_second: 1ms }\n")
    host.reload()
    reasons = [host.refusal(clients.paste(opaque(host, f"junk{i}"), "alice").said)[0] for i in range(8)]
    assert set(reasons) <= {"token_inactive", "budget_exhausted"} and reasons[-1] == "budget_exhausted"
    assert endpoint.asked() <= 6


def test_who_guesses_leaves_questions_to_others_however_few_there_are(asking, endpoint):
    host = asking(OPAQUE, "introspection_rate: 1", keep=True)
    token = opaque(host, "alice")
    endpoint.says[token] = claims_of("alice", GROUPS)
    guesses = [clients.paste(opaque(host, f"guess{i}"), "alice") for i in range(4)]
    reasons = [host.refusal(guess.said)[0] for guess in guesses]
    assert reasons[0] == "token_inactive" and set(reasons) <= {"token_inactive", "budget_exhausted"}
    opens(clients.paste(token, "alice", options=ELSEWHERE))
    assert introspection_of(host)["withheld"] == reasons.count("budget_exhausted")
