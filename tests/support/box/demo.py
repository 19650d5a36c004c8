# SPDX-License-Identifier: Apache-2.0
"""The story that ./demo tells, in a box: a token opens an SSH session and a sudo, and stops doing so when it should.

Every program is the real one: the installed daemons run as their units say, sshd, ssh and sudo are the machine's own.
Each step shows what happened and how long it took; the first that does not go as told ends the demo with status 1.
"""

import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from box import accounts, clients, files, host as host_module  # noqa: E402

DEVELOPER, OPERATOR = ["corp-developers"], ["corp-developers", "corp-operators"]
ON_TERMINAL = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
WIDTH = 100


def colour(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if ON_TERMINAL else text


class Story:
    """Steps in order, with their times; raises AssertionError where one does not go as told."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, float]] = []

    def step(self, title: str, act) -> str:
        """`act` returns what there is to see, and for the summary its gist in a few words."""
        print(f"\n{colour('1', f'{len(self.rows) + 1}. {title}')}", flush=True)
        started = time.monotonic()
        seen, gist = act()
        took = time.monotonic() - started
        for line in seen.strip().splitlines():
            print(f"   {line}")
        self.rows.append((title, gist, took))
        return seen

    def summary(self) -> None:
        print("\n" + "-" * WIDTH)
        for number, (title, gist, took) in enumerate(self.rows, 1):
            print(f"{number:2}. {title[:50]:50} {gist[:32]:32} {took * 1000:6.0f} ms  {colour('32', 'ok')}")
        print("-" * WIDTH)
        print("Nothing of it is left on this machine.")


def expect(condition: bool, said: str) -> None:
    if not condition:
        raise AssertionError(said)


def opens(done: clients.Result, *words: str) -> str:
    expect(done.status == 0 and all(word in done.out for word in words), f"status {done.status}\n{done.said}")
    return done.out


def refused(host, done: clients.Result, reason: str) -> tuple[str, str]:
    """What the user sees and the request id."""
    expect(done.status != 0 and "uid=" not in done.out, f"this was let in:\n{done.said}")
    shown, request = host.refusal(done.said)
    expect(shown == reason, f"expected {reason}:\n{done.said}")
    line = next(line for line in done.said.splitlines() if request in line)
    return line.replace(f"(alice@{clients.HOST}) ", ""), request


def sudo(person: accounts.Person, token: str) -> clients.Result:
    """`latchkey sudo -k id` typed in a session of that person on the host."""
    path = f"{person.home}/token"
    files.write(path, token + "\n", 0o600, (person.uid, person.uid))
    groups = (accounts.GROUPS["sre"],) if person is accounts.ALICE else ()
    return clients.run_as(person, ["latchkey", "sudo", "-k", "id"], environment={"BEARER_TOKEN_FILE": path}, groups=groups)


def tell(host, story: Story) -> None:
    tokens = {}

    def mint():
        tokens["alice"] = host.provider.token("alice", OPERATOR, size=2200)
        return (f"{len(tokens['alice'])} bytes for alice, groups corp-developers and corp-operators, valid for an hour",
                f"{len(tokens['alice'])} bytes, RS256")

    def ssh():
        seen = opens(clients.ssh(tokens["alice"], "alice"), "uid=2001(alice)", "(developers)", "(sre)", "(docker)")
        return f"$ latchkey ssh alice@{clients.HOST} id\n{seen}", "alice, developers, sre, docker"

    def root():
        seen = opens(sudo(accounts.ALICE, tokens["alice"]), "uid=0(root)")
        return f"alice$ latchkey sudo -k id\n{seen}", "uid=0(root)"

    def bob():
        line, tokens["request"] = refused(host, sudo(accounts.BOB, host.provider.token("bob", DEVELOPER, size=1800)),
                                          "access_denied")
        return f"bob$ latchkey sudo -k id\n{line}", f"access_denied, {tokens['request']}"

    def explain():
        seen = host.ctl("explain", tokens["request"]).stdout
        expect("access_denied" in seen and "signature" in seen, seen)
        return f"# latchkeyctl explain {tokens['request']}\n{seen}", "each check with its outcome"

    def revoke():
        opens(clients.key_login(accounts.ALICE), "alice")
        host.ctl("revoke", "--user", "alice")
        again, _ = refused(host, clients.ssh(tokens["alice"], "alice"), "revoked_user")
        key, _ = refused(host, clients.key_login(accounts.ALICE), "revoked_user")
        root_again, _ = refused(host, sudo(accounts.ALICE, tokens["alice"]), "revoked_user")
        return (f"# latchkeyctl revoke --user alice\n$ latchkey ssh alice@{clients.HOST}\n{again}\n"
                f"$ ssh -i key alice@{clients.HOST}\n{key}\nalice$ latchkey sudo -k id\n{root_again}",
                "ssh, key and sudo refused")

    def rotate():
        before = host.status()["pid"]
        host.provider.rotate()
        tokens["bob"] = host.provider.token("bob", DEVELOPER, size=1800)
        seen = opens(clients.ssh(tokens["bob"], "bob"), "uid=2002(bob)")
        expect(host.status()["pid"] == before, "latchkeyd was restarted")
        return f"$ latchkey ssh bob@{clients.HOST} id\n{seen}", "new key fetched, no restart"

    def provider_gone():
        host.provider.stop()
        seen = opens(clients.ssh(tokens["bob"], "bob"), "uid=2002(bob)")
        return f"$ latchkey ssh bob@{clients.HOST} id\n{seen}", "known keys serve on"

    story.step("The provider makes a token", mint)
    story.step("It opens an SSH session, groups mapped", ssh)
    story.step("It opens a sudo", root)
    story.step("Bob's good token is refused for sudo", bob)
    story.step("Why: the administrator asks by the request id", explain)
    story.step("Alice is revoked: the next ssh, key and sudo", revoke)
    story.step("The provider rotates its keys", rotate)
    story.step("The provider is gone", provider_gone)


def main() -> int:
    folder, build = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    story = Story()
    made = {}

    def up():
        host_module.install(build)
        made["host"] = host_module.Host(build, folder)
        made["host"].reset()
        return ("latchkey-devidp, latchkey-fetchd, latchkeyd and sshd are ready, on a loopback of their own",
                "four daemons ready")

    try:
        story.step("A host, and an identity provider", up)
        tell(made["host"], story)
    except (AssertionError, RuntimeError, OSError) as error:
        print(colour("31", "\nThis did not go as told:"), file=sys.stderr)
        print(re.sub(r"^", "   ", str(error), flags=re.M), file=sys.stderr)
        if "host" in made:
            print("   The daemon's last words:\n" + made["host"].latchkeyd.said()[-1500:], file=sys.stderr)
        return 1
    story.summary()
    return 0


if __name__ == "__main__":
    sys.exit(main())
