// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as an introspection endpoint's answer. The first byte says how the rest becomes one:
//
//   'o'  JSON about an opaque token             'j'  a JWT about an opaque token, as it is
//   's'  JSON about a signed token              'c'  claims NUL header: a JWT, signed here
//
// What makes an opaque token good must be good to a second, plain reading of the same bytes by
// nlohmann/json. A refusal has a detail of printable ASCII.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/introspection.h"
#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here

constexpr std::string_view kIssuer = "https://id.example";
constexpr std::int64_t kNowSeconds = 1'900'000'000;

void require(bool held) {
  if (!held) std::abort();
}

const testing::SigningKey& key() {
  static const testing::SigningKey made = testing::SigningKey::of_the_rfc("k");
  return made;
}

config::Issuer make_section(issuer::AnswerForm form) {
  config::Issuer section = testing::make_issuer("corp", std::string(kIssuer));
  section.config.introspection.mode = issuer::IntrospectionMode::required;
  section.config.introspection.client.client_id = "us";
  section.config.introspection.answers = form;
  return section;
}

const Snapshot& snapshot(issuer::AnswerForm form) {
  const auto made = [](issuer::AnswerForm of) {
    return testing::make_snapshot(
        {make_section(of)}, {testing::make_keys(testing::jwk_set({key().jwk()}))}, testing::kNow);
  };
  static const Snapshot json = made(issuer::AnswerForm::json);
  static const Snapshot jwt = made(issuer::AnswerForm::jwt);
  return form == issuer::AnswerForm::json ? json : jwt;
}

bool has_text(const nlohmann::json& object, const char* name, std::string_view want) {
  return object.contains(name) && object[name].is_string() &&
         object[name].get<std::string>() == want;
}

bool is_ours(const nlohmann::json& aud) {
  if (aud.is_string()) return aud.get<std::string>() == "ssh-prod";
  for (const auto& value : aud) {
    if (value.is_string() && value.get<std::string>() == "ssh-prod") return true;
  }
  return false;
}

// The checks once more, written plainly.
void require_good(std::string_view text) {
  const auto answer = nlohmann::json::parse(text, nullptr, false);
  require(answer.is_object());
  require(answer.contains("active") && answer["active"].is_boolean() &&
          answer["active"].get<bool>());
  require(answer.contains("token_type") && answer["token_type"].is_string());
  require(!answer.contains("cnf") && !answer.contains("events"));
  require(!answer.contains("iss") || has_text(answer, "iss", kIssuer));
  require(answer.contains("aud") && is_ours(answer["aud"]));
  require(answer.contains("exp") && answer["exp"].is_number());
  require(answer["exp"].get<double>() + 60 > static_cast<double>(kNowSeconds));
  require(answer.contains("sub") && answer["sub"].is_string() &&
          !answer["sub"].get<std::string>().empty());
  require(answer.contains("preferred_username") && answer["preferred_username"].is_string());
}

void check(const Expected<std::shared_ptr<const Introspected>>& read, const Question& about,
           const Snapshot& now) {
  if (!read) {
    for (const char c : read.error().detail) require(c >= 0x20 && c < 0x7f);
    require(read.error().reason == Reason::introspection_answer_invalid ||
            read.error().reason == Reason::type_wrong);
    return;
  }
  const Introspected& answer = **read;
  require(answer.question() == about);
  require((answer.claims() != nullptr) ==
          (about.opaque && answer.state() == Introspected::State::active));
  if (answer.claims() == nullptr) return;
  const auto& claims = *answer.claims();
  require(claims.opaque() && claims->issuer == kIssuer && !claims->users.empty());
  Trace trace;
  require(accept_opaque(answer, 0, now, testing::kNow, trace).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const char kind = static_cast<char>(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const bool jwt = kind == 'j' || kind == 'c';
  const auto form = jwt ? issuer::AnswerForm::jwt : issuer::AnswerForm::json;
  std::string body(text);
  if (kind == 'c') {
    const std::size_t end = text.find('\0');
    const std::string_view header =
        end == std::string_view::npos
            ? std::string_view(R"({"alg":"EdDSA","kid":"k","typ":"token-introspection+jwt"})")
            : text.substr(end + 1);
    body = key().token(header, text.substr(0, end));
  }
  static jose::Scratch scratch;
  const Snapshot& now = snapshot(form);
  const issuer::IssuerConfig& config = now.config->issuers[0].config;
  const Question about{config.name, config.digest, std::string(64, 'a'), kind != 's'};
  const auto read =
      read_introspection({body, form}, about, config, now.keys[0], testing::kNow, scratch);
  check(read, about, now);
  if (kind == 'o' && read && (*read)->claims() != nullptr) require_good(text);
  return 0;
}
