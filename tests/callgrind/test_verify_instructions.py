# SPDX-License-Identifier: Apache-2.0
"""Instructions that a cold verification adds to the bare signature check (PERFORMANCE section 8, G1).

callgrind counts the same call twice over, with fixed keys and tokens: the EVP verification alone, and verify() with
judge() after it. Their difference repeats exactly, whatever else the machine does, so it is held to a number. The digest
of the token, which is made once before the token is looked for among the remembered ones, is counted beside it.
"""

import os
import re
import subprocess

import pytest

PROGRAM = os.path.join(os.environ.get("LATCHKEY_SOURCE", "."), "build", "bench", "bench", "callgrind_verify")
MOST = 60_000


def count(station, algorithm):
    """Instructions of one call, start-up and warming up left out."""
    result = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured", PROGRAM,
         station, algorithm],
        capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    collected = re.search(r"Collected : (\d+)", result.stderr)
    assert collected, result.stderr
    return int(collected.group(1))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_cold_verification_stays_near_the_floor(algorithm, capsys):
    floor = count("floor", algorithm)
    verify = count("verify", algorithm)
    decide = count("decide", algorithm)
    digest = count("digest", algorithm)
    with capsys.disabled():
        print(f"\n{algorithm}: floor {floor}, verify +{verify - floor}, verify and judge +{decide - floor} "
              f"(at most {MOST}), digest of the token {digest}")
    assert floor > 0 and verify > floor
    assert decide - floor <= MOST


def test_the_difference_repeats():
    assert count("decide", "RS256") - count("floor", "RS256") == count("decide", "RS256") - count("floor", "RS256")
