# SPDX-License-Identifier: Apache-2.0
"""One host a session, brought to a known state before each test; at the end, the search for tokens where none may be."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))


def pytest_configure(config):
    config.addinivalue_line("markers", "afterwards: runs after all other tests")
    if os.environ.get("LATCHKEY_BOX") != "1":
        pytest.exit("these tests rewrite /etc: run them by tests/integration/run, which makes a box for them", 2)


def pytest_collection_modifyitems(items):
    # What has to be asked after everything else has run.
    items.sort(key=lambda item: "afterwards" in item.keywords)



@pytest.fixture(scope="session")
def installed() -> str:
    """The project, installed by its own rules at its real places; gives the build's folder."""
    from box import host as host_module
    build = os.environ["LATCHKEY_BUILD_DIR"]
    host_module.install(build)
    return build


@pytest.fixture(scope="session")
def machine(installed):
    from box import host as host_module
    made = host_module.Host(os.environ["LATCHKEY_OUT_DIR"])
    yield made
    made.close()


@pytest.fixture
def host(machine):
    machine.reset()
    yield machine
