# SPDX-License-Identifier: Apache-2.0
"""The include scan sees each kind of breach, and none where there is none."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import include_scan  # noqa: E402

# name, {path: text} besides a common base, what the one breach must say (None: there is none)
CASES = [
    ("allowed: jose includes base", {"common/core/jose/a.cc": '#include "core/base/b.h"\n'}, None),
    ("allowed: latchkeyd's main includes io", {"daemon/latchkeyd/io/s.h": "", "daemon/latchkeyd/main.cc":
     '#include "daemon/latchkeyd/io/s.h"\n'}, None),
    ("allowed: the core includes wire's limits", {"common/core/base/l.h": '#include "wire/limits.h"\n'}, None),
    ("allowed: OpenSSL in jose and in devidp", {"common/core/jose/a.cc": "#include <openssl/evp.h>\n",
     "devidp/k.cc": "#include <openssl/x509.h>\n"}, None),
    ("allowed: cli and devidp include what signs", {"common/core/jose/signing/s.h": "", "cli/x.cc":
     '#include "core/jose/signing/s.h"\n', "devidp/x.cc": '#include "core/jose/signing/s.h"\n'}, None),
    ("allowed: what signs includes jose and OpenSSL", {"common/core/jose/a.h": "", "common/core/jose/signing/x.cc":
     '#include "core/jose/a.h"\n#include <openssl/evp.h>\n'}, None),
    ("refused: latchkeyd includes what signs", {"common/core/jose/signing/s.h": "", "daemon/latchkeyd/x.cc":
     '#include "core/jose/signing/s.h"\n'}, "no arrow latchkeyd -> signing"),
    ("refused: latchkeyd's io includes what signs", {"common/core/jose/signing/s.h": "", "daemon/latchkeyd/io/x.cc":
     '#include "core/jose/signing/s.h"\n'}, "no arrow io -> signing"),
    ("refused: latchkeyd's service includes what signs", {"common/core/jose/signing/s.h": "",
     "daemon/latchkeyd/service/x.cc": '#include "core/jose/signing/s.h"\n'}, "no arrow latchkeyd -> signing"),
    ("allowed: fetchd includes what signs", {"common/core/jose/signing/s.h": "", "daemon/fetchd/x.cc":
     '#include "core/jose/signing/s.h"\n'}, None),
    ("allowed: namesd includes the names file and reads plain files", {"common/core/accounts/names_file.h": "",
     "common/files/p.h": "", "daemon/namesd/x.cc": '#include "core/accounts/names_file.h"\n#include "files/p.h"\n'}, None),
    ("refused: namesd includes what decides of accounts", {"common/core/accounts/mapping.h": "", "daemon/namesd/x.cc":
     '#include "core/accounts/mapping.h"\n'}, "of accounts namesd sees core/accounts/names_file.h"),
    ("refused: plain files include another header of ipc", {"common/ipc/a.h": "", "common/files/x.cc":
     '#include "ipc/a.h"\n'}, "of ipc files sees ipc/fd.h only"),
    ("refused: the verifier includes what signs", {"common/core/jose/signing/s.h": "", "common/core/jose/x.cc":
     '#include "core/jose/signing/s.h"\n'}, "no arrow jose -> signing"),
    ("refused: what signs reads a file", {"common/core/jose/signing/x.cc": "#include <fcntl.h>\n"},
     "the core has no sockets, files"),
    ("allowed: an include in a comment", {"common/wire/a.cc": '// #include <vector>\n/*\n#include "ipc/v.h"\n*/\n'},
     None),
    ("allowed: tests include anything", {"tests/unit/x.cc": '#include "ipc/v.h"\n#include <security/pam_appl.h>\n'},
     None),
    ("refused: base includes jose", {"common/core/jose/a.h": "", "common/core/base/x.cc":
     '#include "core/jose/a.h"\n'}, "common/core/base/x.cc:1: \"core/jose/a.h\": there is no arrow base -> jose"),
    ("refused: wire includes the core", {"common/wire/x.cc": '\n#include "core/base/b.h"\n'},
     "common/wire/x.cc:2: \"core/base/b.h\": there is no arrow wire -> base"),
    ("refused: the core includes wire's protocol", {"common/wire/protocol.h": "", "common/core/base/x.cc":
     '#include "wire/protocol.h"\n'}, "of wire base sees wire/limits.h and wire/secret_buffer.h only"),
    ("refused: the module includes the core", {"pam_module/x.cc": '#include "core/base/b.h"\n'},
     "no arrow pam_module -> base"),
    ("allowed: policy includes accounts, the station before", {"common/core/accounts/a.h": "",
     "common/core/policy/x.cc": '#include "core/accounts/a.h"\n'}, None),
    ("refused: accounts includes policy, the station after", {"common/core/policy/a.h": "",
     "common/core/accounts/x.cc": '#include "core/policy/a.h"\n'}, "no arrow accounts -> policy"),
    ("refused: accounts includes issuer, which stands beside", {"common/core/issuer/a.h": "",
     "common/core/accounts/x.cc": '#include "core/issuer/a.h"\n'}, "no arrow accounts -> issuer"),
    ("refused: config includes decide", {"common/core/decide.h": "", "common/core/config/x.cc":
     '#include "core/decide.h"\n'}, "no arrow config -> decide"),
    ("allowed: ipc reads JSON by the one reader", {"common/core/jose/json.h": "", "common/ipc/x.cc":
     '#include "core/jose/json.h"\n'}, None),
    ("refused: ipc includes another header of jose", {"common/core/jose/a.h": "", "common/ipc/x.cc":
     '#include "core/jose/a.h"\n'}, "of jose ipc sees core/jose/json.h only"),
    ("refused: io includes the service", {"daemon/latchkeyd/service/s.h": "", "daemon/latchkeyd/io/x.cc":
     '#include "daemon/latchkeyd/service/s.h"\n'}, "no arrow io -> latchkeyd"),
    ("refused: fetchd includes decide", {"common/core/decide.h": "", "daemon/fetchd/x.cc":
     '#include "core/decide.h"\n'}, "no arrow fetchd -> decide"),
    ("refused: fetchd includes latchkeyd", {"daemon/latchkeyd/io/s.h": "", "daemon/fetchd/x.cc":
     '#include "daemon/latchkeyd/io/s.h"\n'}, "no arrow fetchd -> io"),
    ("allowed: cli keeps a token in a SecretBuffer", {"common/wire/secret_buffer.h": "", "cli/x.cc":
     '#include "wire/secret_buffer.h"\n'}, None),
    ("refused: cli includes wire's codec", {"common/wire/codec.h": "", "cli/x.cc": '#include "wire/codec.h"\n'},
     "of wire cli sees wire/limits.h and wire/secret_buffer.h and wire/parts.h only"),
    ("refused: devidp includes ipc", {"devidp/x.cc": '#include "ipc/v.h"\n'}, "no arrow devidp -> ipc"),
    ("refused: devidp is included by fetchd", {"devidp/d.h": "", "daemon/fetchd/x.cc": '#include "devidp/d.h"\n'},
     "no arrow fetchd -> devidp"),
    ("refused: OpenSSL in claims", {"common/core/claims/x.cc": "#include <openssl/evp.h>\n"}, "OpenSSL is seen in"),
    ("refused: OpenSSL's memory in the daemon", {"daemon/latchkeyd/x.cc": "#include <openssl/crypto.h>\n"}, "OpenSSL's memory"),
    ("refused: OpenSSL in fetchd", {"daemon/fetchd/x.cc": "#include <openssl/evp.h>\n"}, "OpenSSL is seen in"),
    ("refused: OpenSSL in the daemon", {"daemon/latchkeyd/x.cc": "#include <openssl/sha.h>\n"}, "OpenSSL is seen in"),
    ("refused: simdjson in ipc", {"common/ipc/x.cc": "#include <simdjson.h>\n"}, "simdjson sits behind"),
    ("refused: a second simdjson reader", {"common/core/jose/json.cc": "#include <simdjson.h>\n",
     "common/core/jose/other.cc": "#include <simdjson.h>\n"}, "seen by 2 readers"),
    ("refused: libpam in the daemon", {"daemon/latchkeyd/io/x.cc": "#include <security/pam_appl.h>\n"},
     "libpam is seen in"),
    ("refused: curl in latchkeyd", {"daemon/latchkeyd/io/x.cc": "#include <curl/curl.h>\n"}, "curl lives in"),
    ("refused: Asio in ipc", {"common/ipc/x.cc": "#include <asio.hpp>\n"}, "Asio is seen in"),
    ("refused: Asio in fetchd", {"daemon/fetchd/x.cc": "#include <asio/io_context.hpp>\n"}, "Asio is seen in"),
    ("refused: yaml-cpp in jose", {"common/core/jose/x.cc": "#include <yaml-cpp/yaml.h>\n"}, "yaml-cpp is seen in"),
    ("refused: a file stream in the core", {"common/core/config/x.cc": "#include <fstream>\n"}, "the core has no"),
    ("refused: a clock in the core", {"common/core/claims/x.cc": "auto t = std::chrono::system_clock::now();\n"},
     "the core has no clock"),
    ("refused: a vector in the module", {"pam_module/x.cc": "#include <vector>\n"}, "what runs inside sshd"),
    ("refused: a string in wire", {"common/wire/x.h": "#include <string>\n"}, "what runs inside sshd"),
    ("refused: a relative include", {"common/core/base/x.cc": '#include "b.h"\n'}, "under no include root"),
    ("refused: our header in angle brackets", {"common/core/jose/x.cc": "#include <core/base/b.h>\n"}, "in quotes"),
    ("refused: a folder without a box", {"daemon/newd/x.cc": ""}, "lies in no box"),
]

BASE = {"common/core/base/b.h": "", "common/wire/limits.h": "", "common/ipc/v.h": ""}


class IncludeScan(unittest.TestCase):
    def test_cases(self):
        for name, files, want in CASES:
            with self.subTest(name), tempfile.TemporaryDirectory() as top:
                for path, text in {**BASE, **files}.items():
                    os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
                    with open(os.path.join(top, path), "w", encoding="utf-8") as file:
                        file.write(text)
                found = [f"{path}:{line}: {what}" for path, line, what in include_scan.scan(top)]
                if want is None:
                    self.assertEqual(found, [])
                else:
                    self.assertTrue(found, "no breach was seen")
                    for line in found:
                        self.assertIn(want, line)

    def test_every_box_has_its_arrows(self):
        self.assertEqual(sorted(set(include_scan.BOXES.values())), sorted(include_scan.ARROWS))


if __name__ == "__main__":
    unittest.main()
