# SPDX-License-Identifier: Apache-2.0
"""Holds the arrows between the boxes, which one include root would let through.

    include_scan.py TOP

Each source names its includes from an include root (common/ or the top). For every file the box that it lies in is
found, and the box of every header it includes: the arrow between the two must be in ARROWS. Some outside libraries are
fenced in the same way (FENCES), and the core may not touch the world (CORE_BANS). Prints one line a breach,
file:line: what and why, and ends with 1 where there was one, with 2 where it could not look.
"""

import os
import re
import sys

TOPS = ("common", "pam_module", "daemon", "cli", "devidp", "tests", "fuzz", "bench")
ENDINGS = (".h", ".cc", ".c", ".hpp", ".cpp")

# Folders to boxes; the longest match wins.
BOXES = {
    "common/wire": "wire",
    "common/core/base": "base",
    "common/core/jose": "jose",
    "common/core/jose/signing": "signing",
    "common/core/claims": "claims",
    "common/core/issuer": "issuer",
    "common/core/revocation": "revocation",
    "common/core/accounts": "accounts",
    "common/core/policy": "policy",
    "common/core/config": "config",
    "common/core": "decide",
    "common/config_files": "config_files",
    "common/ipc": "ipc",
    "common/files": "files",
    "common/redis": "redis",
    "pam_module": "pam_module",
    "daemon/latchkeyd/io": "io",
    "daemon/latchkeyd": "latchkeyd",
    "daemon/fetchd": "fetchd",
    "daemon/namesd": "namesd",
    "daemon/endd": "endd",
    "cli": "cli",
    "devidp": "devidp",
    "tests": "tests",
    "fuzz": "fuzz",
    "bench": "bench",
}

CORE = ["base", "jose", "claims", "issuer", "revocation", "accounts", "policy", "config", "decide"]
EVERYTHING = sorted(set(BOXES.values()))
# What signs lies within the core and is seen by tools, and by fetchd, which shows providers who it is
# (docs/decisions/fetchd-signs.md). What decides has no arrow to it.
PURE = CORE + ["signing"]

# a: the boxes that a may include, besides itself. decide -> config -> {policy, accounts, claims, issuer, revocation}
# -> jose -> base; inside the middle row each sees the types of the stations before its own on the straight way
# (claims, then revocation, then accounts, then policy), never of a later one. issuer stands beside them and sees claims.
ARROWS = {
    "wire": [],
    "base": [],
    "jose": ["base"],
    "signing": ["jose", "base"],
    "claims": ["jose", "base"],
    "issuer": ["claims", "jose", "base"],
    "revocation": ["claims", "jose", "base"],
    "accounts": ["revocation", "claims", "jose", "base"],
    "policy": ["accounts", "revocation", "claims", "jose", "base"],
    "config": ["policy", "accounts", "claims", "issuer", "revocation", "jose", "base"],
    "decide": ["config", "policy", "accounts", "claims", "issuer", "revocation", "jose", "base"],
    "config_files": ["base", "config"],
    "ipc": ["base", "wire"],
    "files": ["base"],
    "redis": ["ipc"],
    "pam_module": ["wire"],
    "io": CORE + ["config_files", "files", "ipc", "wire"],
    "latchkeyd": ["io"] + CORE + ["config_files", "files", "ipc", "wire"],
    "fetchd": ["base", "config", "config_files", "issuer", "jose", "signing", "ipc", "redis"],
    "namesd": ["base", "files", "ipc"],
    "endd": ["ipc"],
    "cli": CORE + ["signing", "config_files", "ipc", "redis"],
    "devidp": ["jose", "signing"],
    "tests": EVERYTHING,
    "fuzz": EVERYTHING,
    "bench": EVERYTHING,
}

# Thin arrows: of the other box these headers only (docs/decisions/thin-arrows.md). Every box of the core sees wire's
# limits and its SecretBuffer; devidp takes private keys and tokens out of such a buffer; the user's CLI holds tokens
# too, and cuts them into the parts that the module's prompts ask for; ipc reads JSON, and there is one reader of JSON.
THIN = {(box, "wire"): ("wire/limits.h", "wire/secret_buffer.h") for box in PURE}
THIN["devidp", "wire"] = ("wire/secret_buffer.h",)
THIN["redis", "wire"] = ("wire/secret_buffer.h",)
THIN["redis", "ipc"] = ("ipc/fd.h",)
THIN["files", "ipc"] = ("ipc/fd.h",)
# Of accounts namesd knows the file that it serves and the local files; never what decides.
THIN["namesd", "accounts"] = ("core/accounts/names_file.h", "core/accounts/served_names.h", "core/accounts/taken_names.h",
                            "core/accounts/local_accounts.h")
THIN["fetchd", "wire"] = ("wire/secret_buffer.h",)
THIN["cli", "wire"] = ("wire/limits.h", "wire/secret_buffer.h", "wire/parts.h")
THIN["ipc", "jose"] = ("core/jose/json.h",)

# Outside headers that only some boxes may see: pattern, boxes, name.
FENCES = [
    # fetchd sets the memory that OpenSSL and curl work in, and has nothing else to do with it.
    (r"openssl/crypto\.h", ["jose", "signing", "devidp", "fetchd"], "OpenSSL's memory is jose's, devidp's and fetchd's"),
    # redis speaks TLS itself, and uses nothing else of it (docs/decisions/keeping-streams.md).
    (r"openssl/(?:ssl|err|x509v3)\.h", ["jose", "signing", "devidp", "redis"], "OpenSSL is seen in common/core/jose only (and devidp; for TLS common/redis)"),
    (r"openssl/(?!(?:crypto|ssl|err|x509v3)\.h)", ["jose", "signing", "devidp"], "OpenSSL is seen in common/core/jose only (and devidp)"),
    (r"simdjson", ["jose"], "simdjson sits behind the one reader of common/core/jose"),
    (r"zlib\.h", ["revocation"], "zlib is seen in common/core/revocation only"),
    (r"security/", ["pam_module"], "libpam is seen in pam_module only"),
    (r"curl/", ["fetchd", "cli"], "curl lives in daemon/fetchd and the user's CLI only"),
    (r"(boost/)?asio(/|\.hpp)", ["latchkeyd", "io"], "Asio is seen in daemon/latchkeyd only"),
    (r"yaml-cpp/", ["config", "cli"], "yaml-cpp is seen in common/core/config and the user's CLI only"),
    (r"sqlite3", ["io"], "SQLite is seen in daemon/latchkeyd/io only"),
    (r"systemd/", ["ipc", "io", "latchkeyd", "fetchd", "namesd", "endd"], "libsystemd is seen in the daemons only"),
    (r"httplib\.h", ["devidp"], "cpp-httplib is seen in devidp only"),
]
UNFENCED = ("tests", "fuzz", "bench")

# inet_pton reads a text and touches no socket; there is no other reader of addresses to take.
SPARED = {"common/core/policy/network.cc": ("arpa/inet.h", "netinet/in.h")}

# The core: no sockets, files, threads, logging (clocks: see CLOCK).
CORE_BANS = re.compile(
    r"^(sys/(socket|un|stat|types|uio|epoll|mman|file|ioctl|wait)\.h|netinet/.*|arpa/.*|netdb\.h|unistd\.h|fcntl\.h|"
    r"syslog\.h|pthread\.h|threads\.h|pwd\.h|grp\.h|signal\.h|csignal|poll\.h|fstream|iostream|filesystem|thread|"
    r"jthread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token)$")
CLOCK = re.compile(r"\b(?:system_clock|steady_clock|high_resolution_clock)\s*::\s*now\s*\(|\bclock_gettime\s*\(")

# The module and its wire: no heap, exceptions, threads, streams.
MODULE_BANS = re.compile(
    r"^(string|vector|map|set|unordered_map|unordered_set|list|deque|queue|stack|memory|memory_resource|functional|"
    r"any|iostream|ostream|istream|sstream|fstream|iomanip|locale|regex|filesystem|thread|jthread|mutex|shared_mutex|"
    r"condition_variable|future|exception|stdexcept|system_error|typeinfo|coroutine|format|random|new|variant)$")

INCLUDE = re.compile(r'^\s*#\s*(?:include|include_next|import)\s*([<"])([^>"]+)[>"]')
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\((?:.*?)\)\1"|"(?:\\.|[^"\\\n])*"', re.S)


def box_of(path):
    folder = os.path.dirname(path)
    while folder:
        if folder in BOXES:
            return BOXES[folder]
        folder = os.path.dirname(folder)
    return None


def without_comments(text):
    """The text with comments and raw strings blanked and lines kept; plain strings stay, for #include needs them."""
    def blank(match):
        found = match.group(0)
        return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)
    return COMMENT_OR_STRING.sub(blank, text)


def sources(top):
    for folder in TOPS:
        for where, folders, names in os.walk(os.path.join(top, folder)):
            folders[:] = sorted(f for f in folders if f not in ("node_modules", "__pycache__", "build"))
            for name in sorted(names):
                if name.endswith(ENDINGS):
                    yield os.path.relpath(os.path.join(where, name), top)


def resolve(top, name):
    """The path of one of our own headers, or None."""
    for root in ("common", ""):
        path = os.path.normpath(os.path.join(root, name))
        if os.path.isfile(os.path.join(top, path)):
            return path
    return None


def check_include(top, path, box, quote, name):
    """Yields what is wrong with one include."""
    ours = resolve(top, name)
    if ours is None:
        if quote == '"':
            yield f'"{name}" is under no include root: our headers are named from common/ or the top'
        for pattern, boxes, why in FENCES:
            if re.match(pattern, name) and box not in boxes and box not in UNFENCED:
                yield f"<{name}>: {why}"
        if box in PURE and CORE_BANS.match(name) and name not in SPARED.get(path, ()):
            yield f"<{name}>: the core has no sockets, files, threads or logging"
        if box in ("wire", "pam_module") and MODULE_BANS.match(name):
            yield f"<{name}>: what runs inside sshd has no heap, exceptions, threads or streams"
        return
    if quote == "<":
        yield f"<{name}> is ours: include it in quotes"
    target = box_of(ours)
    if target is None:
        yield f'"{name}" lies in no box: name its folder in include_scan.py'
    elif target == box or target in ARROWS[box]:
        return
    elif (box, target) in THIN:
        if name not in THIN[box, target]:
            yield f'"{name}": of {target} {box} sees {" and ".join(THIN[box, target])} only'
    else:
        yield f'"{name}": there is no arrow {box} -> {target}'


def scan(top):
    """All breaches as (path, line, what)."""
    breaches = []
    readers = {}
    for path in sources(top):
        box = box_of(path)
        with open(os.path.join(top, path), encoding="utf-8") as file:
            text = without_comments(file.read())
        if box is None:
            breaches.append((path, 1, "lies in no box: name its folder in include_scan.py"))
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if box in PURE and CLOCK.search(line):
                breaches.append((path, number, "the core has no clock: `now` is handed in"))
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, name = match.groups()
            if box == "jose" and name.startswith("simdjson"):
                readers.setdefault(os.path.splitext(path)[0], (path, number))
            breaches += [(path, number, what) for what in check_include(top, path, box, quote, name)]
    if len(readers) > 1:
        for path, number in sorted(readers.values()):
            breaches.append((path, number, f"simdjson is seen by {len(readers)} readers; there is to be one"))
    return breaches


def main(arguments):
    if len(arguments) != 2 or not os.path.isdir(os.path.join(arguments[1], "common")):
        print("usage: include_scan.py TOP   (the folder that holds common/)", file=sys.stderr)
        return 2
    files = sum(1 for _ in sources(arguments[1]))
    breaches = scan(arguments[1])
    for path, number, what in breaches:
        print(f"{path}:{number}: {what}")
    print(f"include scan: {files} files, {len(breaches)} breaches")
    return 1 if breaches or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
