# SPDX-License-Identifier: Apache-2.0
"""An authority, a provider that does as it is told, and fetchds that are stopped at the end."""

import contextlib
import os

import pytest

from fetching.certificates import Authority
from fetching.daemon import Fetchd
from fetching.setting import FETCHD, Devidp, section
from fetching.stub_provider import StubProvider


@pytest.fixture(name="authority", scope="module")
def _authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "authority")


@pytest.fixture(name="stranger", scope="module")
def _stranger(tmp_path_factory):
    """An authority that no configuration names."""
    return Authority(tmp_path_factory.mktemp("ca"), "stranger")


@pytest.fixture(name="provider")
def _provider(authority):
    with contextlib.closing(StubProvider(authority.issue())) as provider:
        yield provider


@pytest.fixture(name="start")
def _start(tmp_path, authority):
    """Starts a fetchd for these providers or issuers; stops it at the end, which must go well."""
    started = []

    def start(*issuers, program: str = FETCHD, user: int | None = None, **options) -> Fetchd:
        sections = [issuer if isinstance(issuer, dict) else section(issuer, authority) for issuer in issuers]
        folder = tmp_path / f"fetchd-{len(started)}"
        folder.mkdir()
        if user is not None:
            os.chown(folder, user, user)
        started.append(Fetchd(program, folder, sections, user=user, **options))
        return started[-1]

    yield start
    for fetchd in started:
        assert fetchd.stop() == 0, fetchd.log()


@pytest.fixture(name="devidp")
def _devidp(tmp_path):
    with contextlib.closing(Devidp(tmp_path / "devidp")) as devidp:
        yield devidp
