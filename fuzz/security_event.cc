// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a transmitter of security events sends (RFC 8417, RFC 8936, RFC 9493, OpenID
// Connect Back-Channel Logout). The first byte says which:
//
//   't'  a token as it came      's', 'l'  the payload of a SET, of a logout token, signed here
//   'a'  an answer to a poll     'i'       a subject identifier
//
// What is accepted must stay within what the transmitter has a say in: only names of our issuers,
// no moment later than the signature, no logout token with a nonce.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/revocation/event_subject.h"
#include "core/revocation/security_event.h"
#include "core/revocation/set_poll.h"
#include "tests/support/signing.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here
using revocation::EntryKind;

const std::vector<std::string> kIssuers = {"https://id.example", "https://b.example"};
const std::vector<std::string> kAudiences = {"us"};
constexpr WallTime kNow{std::chrono::seconds{1'764'331'260}};

void require(bool held) {
  if (!held) std::abort();
}

const testing::SigningKey& key() {
  static const testing::SigningKey made = testing::SigningKey::of_the_rfc("k");
  return made;
}

bool is_ours(std::string_view issuer) {
  return std::find(kIssuers.begin(), kIssuers.end(), issuer) != kIssuers.end();
}

void read_token(std::string_view bytes, std::string_view payload, bool logout) {
  static const auto keys = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  static const revocation::Names names;
  static jose::Scratch scratch;
  const auto event = revocation::read_security_event(
      bytes, "1", {kIssuers[0], kAudiences, keys, kIssuers, std::chrono::hours(12)}, names, kNow,
      scratch);
  if (!event) {
    require(!revocation::set_error_code(event.error().fault).value_or("x").empty());
    return;
  }
  require(event->id == "1" && event->issued_at <= kNow + revocation::kItemAhead);
  for (const revocation::Entry& entry : event->entries) {
    require(entry.kind == EntryKind::token || entry.kind == EntryKind::session ||
            entry.kind == EntryKind::subject);
    require(entry.kind != EntryKind::subject ||
            entry.before <= event->issued_at + std::chrono::seconds(1));
    require(entry.end == std::max(kNow, event->issued_at) + std::chrono::hours(12));
  }
  require(event->entries.empty() || !event->reason.empty());
  for (const auto& other : event->unresolved) require(is_ours(other.issuer));
  require(!logout || !event->reason.empty());
  if (payload.empty()) return;
  jose::JsonReader reader;
  const auto json = reader.read(payload);
  require(json && json->is_object() && !json->find("nonce"));
  const auto issuer = json->find("iss");
  require(issuer && issuer->as_string() == kIssuers[0]);
}

void read_answer(std::string_view body) {
  static jose::JsonReader reader({.bytes = revocation::poll_limits::kAnswerBytes});
  const auto answer = revocation::read_poll_answer(body, reader);
  if (!answer) return;
  require(answer->sets.size() <= revocation::poll_limits::kSets);
  std::vector<std::string> ids;
  std::vector<revocation::RefusedSet> refused;
  for (const revocation::PolledSet& set : answer->sets) {
    require(!set.id.empty() && set.id.size() <= limits::kClaimStringBytes);
    if (set.token.empty()) {
      refused.push_back({std::string(set.id), "invalid_request", std::string(set.token)});
    } else {
      ids.emplace_back(set.id);
    }
  }
  // What is said of it is JSON again, and names the same ids.
  const std::string request =
      revocation::write_poll_request({10, answer->more_available, ids, refused});
  jose::JsonReader again({.bytes = 8 * revocation::poll_limits::kAnswerBytes});
  const auto json = again.read(request);
  require(json.has_value());
  std::size_t at = 0;
  if (const auto ack = json->find("ack"))
    for (const jose::JsonValue id : ack->elements()) require(id.as_string() == ids[at++]);
  require(at == ids.size());
  const auto errors = json->find("setErrs");
  require((errors ? errors->size() : 0) == refused.size());
}

void read_subject(std::string_view text) {
  static jose::JsonReader reader;
  const auto json = reader.read(text);
  if (!json) return;
  const auto subject = revocation::read_event_subject(*json, kIssuers);
  if (!subject) return;
  require(!subject->combined || !subject->sessions.empty());
  require(subject->users.size() <= 17 && subject->sessions.size() <= 17);
  for (const auto& list : {subject->users, subject->sessions}) {
    for (const revocation::EventName& name : list) {
      require(is_ours(name.issuer));
      require(!name.value.empty() || !name.format.empty());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const char form = input[0];
  input.remove_prefix(1);
  switch (form) {
    case 't':
      read_token(input, {}, false);
      break;
    case 's':
      read_token(key().token(R"({"alg":"EdDSA","kid":"k","typ":"secevent+jwt"})", input), input,
                 false);
      break;
    case 'l':
      read_token(key().token(R"({"alg":"EdDSA","kid":"k","typ":"logout+jwt"})", input), input,
                 true);
      break;
    case 'a':
      read_answer(input);
      break;
    case 'i':
      read_subject(input);
      break;
    default:
      break;
  }
  return 0;
}
