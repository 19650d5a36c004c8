# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that run in a box: the project installed, one host a session, a known state before each test."""

import os
import shutil

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "afterwards: runs after all other tests of its session")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: "afterwards" in item.keywords)


@pytest.fixture(scope="session")
def installed() -> str:
    """The project, installed by its own rules at its real places; gives the build's folder."""
    from box import host
    build = os.environ["LATCHKEY_BUILD"]
    host.install(build, os.environ.get("LATCHKEY_MODULE"))
    return build


@pytest.fixture(scope="session")
def machine(installed):
    """The host, with its sshd, provider and sockets; in whatever state the test before left it."""
    from box import host
    folder = os.path.join(os.environ["LATCHKEY_REPORTS"], "box")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    made = host.Host(installed, folder)
    yield made
    made.close()


@pytest.fixture
def host(machine):
    """The host in its known state, every daemon ready."""
    machine.reset()
    return machine
