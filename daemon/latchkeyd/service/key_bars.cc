// SPDX-License-Identifier: Apache-2.0
//
// Keys that verify no token, in whosever set they stand. A thumbprint proves no possession: whoever
// serves a key set can put anybody's public key into it. So it is the issuer's copy that is of no
// use, and what the key is for goes on.
#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/key_keeper_issuer.h"

namespace latchkey::latchkeyd {
namespace {

constexpr char kNoKeys[] = R"({"keys":[]})";
constexpr std::string_view kWhy =
    "a revocation list or stream is signed by it, so it verifies no token";

// The document without the elements that `is_barred`; what is of no use otherwise stays there with
// its reason. Nothing where it cannot be taken apart.
std::optional<std::string> text_without(const std::string& document,
                                        const std::function<bool(const jose::Jwk&)>& is_barred) {
  auto json = nlohmann::json::parse(document, nullptr, false);
  if (!json.is_object() || !json.contains("keys") || !json["keys"].is_array()) return std::nullopt;
  nlohmann::json left = nlohmann::json::array();
  const auto text = [](nlohmann::json keys) {
    return nlohmann::json{{"keys", std::move(keys)}}.dump(-1, ' ', false,
                                                          nlohmann::json::error_handler_t::replace);
  };
  for (const nlohmann::json& each : json["keys"]) {
    const auto alone = jose::JwkSet::parse(text(nlohmann::json::array({each})));
    const bool barred = alone && std::any_of(alone->keys().begin(), alone->keys().end(), is_barred);
    if (!barred) left.push_back(each);
  }
  return text(std::move(left));
}

bool same(const std::vector<jose::DroppedKey>& a, const std::vector<jose::DroppedKey>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& one, const auto& other) { return one.kid == other.kid; });
}

}  // namespace

bool same_keys(const jose::JwkSet& a, const jose::JwkSet& b) {
  return std::equal(a.keys().begin(), a.keys().end(), b.keys().begin(), b.keys().end(),
                    [](const jose::Jwk& one, const jose::Jwk& other) {
                      return one.kid() == other.kid() && one.thumbprint() == other.thumbprint() &&
                             one.algorithms() == other.algorithms();
                    });
}

// Loudly, but once: whoever did this means harm, or has one key for two things. Of a set that
// cannot be taken apart nothing serves.
KeyKeeper::SetPtr KeyKeeper::without_barred(Issuer& issuer, SetPtr set,
                                            const std::string& document) {
  const auto is_barred = [&](const jose::Jwk& key) {
    return LATCHKEY_FAILS(list_key_of_issuer,
                          std::binary_search(barred_.begin(), barred_.end(), key.thumbprint()));
  };
  std::vector<jose::DroppedKey> barred;
  for (const jose::Jwk& key : set->keys())
    if (is_barred(key)) barred.push_back({std::string(key.kid().value_or("")), std::string(kWhy)});
  const auto before = std::exchange(issuer.state.barred, barred);
  if (barred.empty()) return set;
  if (!same(before, barred)) {
    for (const jose::DroppedKey& key : barred)
      journal_.log(LogLevel::error,
                   "a key of an issuer is refused: a revocation list or stream is signed by it",
                   {{"issuer", issuer.config.name}, {"kid", key.kid}});
  }
  auto rest = jose::JwkSet::parse(text_without(document, is_barred).value_or(kNoKeys));
  if (!rest) rest = jose::JwkSet::parse(kNoKeys);
  return std::make_shared<const jose::JwkSet>(*std::move(rest));
}

// What whoever verifies elsewhere may take (`latchkeyctl token verify`).
std::string KeyKeeper::served_document(const KeyState& state) const {
  if (state.barred.empty()) return *state.document;
  const auto is_barred = [&](const jose::Jwk& key) {
    return std::binary_search(barred_.begin(), barred_.end(), key.thumbprint());
  };
  return text_without(*state.document, is_barred).value_or(kNoKeys);
}

bool KeyKeeper::bar(std::vector<std::string> thumbprints) {
  std::sort(thumbprints.begin(), thumbprints.end());
  if (barred_ == thumbprints) return false;
  barred_ = std::move(thumbprints);
  bool others = false;
  for (const auto& issuer : issuers_) {
    KeyState& state = issuer->state;
    if (!state.document || !state.keys.keys) continue;
    auto set = good_set(*state.document);
    if (!set) continue;
    auto rest = without_barred(*issuer, *std::move(set), *state.document);
    if (same_keys(*state.keys.keys, *rest)) continue;
    state.keys.keys = std::move(rest);
    state.keys.generation = ++last_generation_;
    others = true;
  }
  return others;
}

}  // namespace latchkey::latchkeyd
