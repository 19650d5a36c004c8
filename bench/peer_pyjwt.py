# SPDX-License-Identifier: Apache-2.0
"""The fixed tokens through Debian's python3-jwt, beside the bench of ours: median of its time for one token.

    peer_pyjwt.py fixed_tokens.h
"""

import json
import re
import statistics
import sys
import time

try:
    import jwt
except ImportError:
    print("python3-jwt is not installed")
    sys.exit(0)

ROUNDS, CALLS = 9, 300


def fixed_tokens(path):
    text = re.sub(r'\)"\s*\n\s*R"\(', "", open(path, encoding="utf-8").read())
    for algorithm, jwk, token in re.findall(r'\{"(\w+)",\s*// jwk\s*R"\((.*?)\)",\s*// token\s*R"\((.*?)\)"', text):
        yield algorithm, json.loads(jwk), token


def main():
    for algorithm, jwk, token in fixed_tokens(sys.argv[1]):
        if algorithm not in ("RS256", "ES256", "EdDSA"):
            continue
        key = jwt.PyJWK(jwk).key
        times = []
        for _ in range(ROUNDS):
            started = time.process_time()
            for _ in range(CALLS):
                jwt.decode(token, key, algorithms=[algorithm], audience="ssh://prod")
            times.append((time.process_time() - started) / CALLS)
        print(f"{'peer/python3-jwt/' + algorithm:34} {statistics.median(times) * 1e9:12.0f}")


if __name__ == "__main__":
    main()
