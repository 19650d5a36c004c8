# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the fault tests: one world a session, a scenario for those that share a running pair of daemons, and the
report of all of them, printed at the end."""

import contextlib
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


@pytest.fixture(scope="session")
def report():
    from harness.report import Report
    return _kept_report(Report)


_reports = []


def _kept_report(kind):
    _reports.append(kind(os.environ["LATCHKEY_REPORTS"]))
    return _reports[-1]


def pytest_terminal_summary(terminalreporter):
    for made in _reports:
        terminalreporter.write_line("")
        terminalreporter.write_line(made.table())


@pytest.fixture(scope="session")
def authorities(tmp_path_factory):
    """The one that the configuration trusts, and one that nobody does."""
    from fetching.certificates import Authority
    folder = tmp_path_factory.mktemp("ca")
    folder.chmod(0o755)
    for part in folder.parents:
        if str(part).startswith("/tmp/"):
            part.chmod(0o755)  # latchkey-fetchd reads the CA file as its own user
    # Good from 1958 on and for twenty years: daemons are moved through time.
    return Authority(folder, "authority", -25_000, 8_000), Authority(folder, "stranger", -25_000, 8_000)


@pytest.fixture(scope="session")
def world(installed):
    from harness.world import World
    folder = os.path.join(os.environ["LATCHKEY_REPORTS"], "faults")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with contextlib.closing(World(folder)) as made:
        yield made


@pytest.fixture
def corps(authorities):
    """Makes issuers with their providers; ends them."""
    from harness.scenario import Corp
    with contextlib.ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(
            contextlib.closing(Corp(authorities[0], *arguments, **options)))


@pytest.fixture
def corp(corps):
    return corps()


@contextlib.contextmanager
def _running(world, report, corp, classes=None, sections=None, members=None, warm=True, **options):
    from harness.scenario import Scenario
    from harness.traffic import Traffic
    world.fresh(sections or [corp.section()], **(members or {}))
    try:
        with Traffic(world, (classes or corp.classes)(world), **options) as traffic:
            scenario = Scenario(world, traffic, report, corp)
            if warm:
                scenario.settled_fetch()
                traffic.seconds(1)  # bindings and caches are made
            yield scenario
    finally:
        world.stop()


@pytest.fixture
def running(world, report):
    """A scenario of the test's own: daemons that never ran before, and traffic."""
    return lambda corp, *arguments, **options: _running(world, report, corp, *arguments, **options)


@pytest.fixture(scope="module")
def shared(world, authorities, report):
    """A scenario whose daemons run on from one fault to the next: recovery without a restart is part of each."""
    from harness.scenario import Corp
    with contextlib.closing(Corp(authorities[0])) as corp, _running(world, report, corp) as scenario:
        yield scenario


@pytest.fixture(scope="module")
def asked(world, authorities, report):
    """The same where an issuer is asked about its tokens, and another one beside it is not."""
    from harness.asked import AskedCorp
    from harness.scenario import Corp
    with contextlib.closing(AskedCorp(authorities[0])) as corp, contextlib.closing(Corp(authorities[0], "other")) as other:
        with _running(world, report, corp, sections=[corp.section(), other.section()], rate=100, module_rate=5,
                      classes=lambda world: [*corp.asked_classes(world), other.good("theirs", 20, user="bob")]) as scenario:
            yield scenario


@pytest.fixture(scope="module")
def down(world, authorities, report):
    """The same where a signature does while nobody is there; the other issuer is asked, too."""
    from harness.down import DownCorp
    with contextlib.closing(DownCorp(authorities[0])) as corp, \
            contextlib.closing(DownCorp(authorities[0], "other", guess="other-")) as other:
        with _running(world, report, corp, sections=[corp.section(), other.section()], rate=60, module_rate=3,
                      classes=lambda _world: corp.down_classes(other)) as scenario:
            scenario.other = other
            yield scenario
