// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what somebody sends to latchkey-namesd. The first byte says who it is ('s': sshd,
// else somebody). Each message is refused or answered by replies that are whole; nobody but sshd is
// shown a name that is not in the file, and sshd none that no token could name.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "core/accounts/local_accounts.h"
#include "core/jose/json.h"
#include "daemon/namesd/desk.h"
#include "ipc/varlink.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here
using namesd::Book;
using namesd::Desk;

constexpr std::size_t kMost = 4'096;

void require(bool held) {
  if (!held) std::abort();
}

std::shared_ptr<const Book> make_book(bool enumerate) {
  auto names = accounts::Names::make(
      {.settings = {.enumerate = enumerate,
                    .provisional = true,
                    .ids = {100'000, 100'063},
                    .home = "/home/%u",
                    .shell = "/bin/sh"},
       .users = {{"bob", 2'002, 2'002, accounts::AccountState::active, 0, "/b", "/s", "Bob"},
                 {"lou", 2'003, 2'003, accounts::AccountState::locked, 0, "/l", "/s", ""}},
       .groups = {{"Ops", 2'010}},
       .members = {{"Ops", "bob"}, {"docker", "bob"}}});
  return std::make_shared<const Book>(
      std::make_shared<const accounts::Names>(*std::move(names)),
      std::make_shared<const accounts::TakenNames>(
          accounts::TakenNames::parse("lou:x:5:5:::\n", "docker:x:990:\n")));
}

void check(const std::string& reply, bool sshd) {
  require(reply.size() <= 2 * kMost || reply.find("interface io.systemd") != std::string::npos);
  const auto decoded = ipc::varlink::decode_reply(reply);
  require(decoded.has_value());
  jose::JsonReader reader;
  const auto parameters = reader.read(decoded->parameters);
  require(parameters.has_value());
  const auto record = parameters->find("record");
  if (!record) return;
  const auto user = record->find("userName");
  const auto group = record->find("groupName");
  require(user || group);
  const auto name = (user ? user : group)->as_string().value();
  require(name != "lou" && name != "docker");
  require(name == "bob" || (name == "Ops" && group) || (sshd && accounts::usable_name(name)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto closed = make_book(false);
  static const auto open = make_book(true);
  if (size == 0) return 0;
  const bool sshd = data[0] == 's';
  std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  Desk desk({.vendor = "Latchkey", .product = "fuzz", .version = "0", .url = ""},
            [&](const ipc::Peer&) { return sshd; });
  const ipc::Peer peer{.pid = 1, .uid = sshd ? 0U : 1'000U, .gid = 0};
  while (!stream.empty()) {
    const auto message = stream.substr(0, stream.find('\0'));
    stream.remove_prefix(std::min(message.size() + 1, stream.size()));
    if (message.size() > kMost) return 0;
    auto answer = desk.answer(message, peer, message.size() % 2 == 0 ? open : closed, {});
    if (!answer) return 0;
    while (!answer->done()) {
      std::string out;
      answer->write(out, 1);
      require(!out.empty() && out.back() == '\0');
      for (std::size_t at = 0; at < out.size(); at = out.find('\0', at) + 1)
        check(out.substr(at, out.find('\0', at) - at), sshd);
    }
  }
  return 0;
}
