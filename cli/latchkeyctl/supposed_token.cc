// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/supposed_token.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/text.h"
#include "core/jose/signing/compact_signature.h"
#include "core/jose/signing/key_material.h"
#include "core/jose/symmetric_key.h"

namespace latchkey::cli {
namespace {

using jose::KeyKind;
using jose::KeyMaterial;
using nlohmann::ordered_json;
template <typename T>
using Step = tl::expected<T, std::string>;

constexpr std::chrono::minutes kLifetime{5};
constexpr const char* kKeyId = "supposed";

tl::unexpected<std::string> failed(std::string what) { return tl::unexpected(std::move(what)); }

std::int64_t seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Step<std::size_t> issuer_of(ordered_json& claims, const config::Config& config,
                            std::vector<std::string>& notes) {
  if (!claims.contains("iss")) {
    if (config.issuers.size() != 1)
      return failed(
          "the claims have no 'iss', and the configuration has several issuers: say with --issuer "
          "NAME of which they are");
    claims["iss"] = config.issuers.front().config.issuer;
    notes.push_back("the claims had no 'iss': it is " + config.issuers.front().config.issuer);
  }
  if (!claims["iss"].is_string()) return failed("'iss' of the claims is no text");
  const auto index = config.find_issuer(claims["iss"].get<std::string>());
  if (index < 0)
    return failed("no issuer of the configuration is " + quoted(claims["iss"].get<std::string>()) +
                  ", so every token of it is refused");
  return static_cast<std::size_t>(index);
}

void fill(ordered_json& claims, const issuer::IssuerConfig& issuer, WallTime now,
          std::vector<std::string>& notes) {
  if (!claims.contains("aud")) {
    claims["aud"] = issuer.claims.audiences.front();
    notes.push_back("the claims had no 'aud': it is " + quoted(issuer.claims.audiences.front()));
  }
  const auto& types = issuer.claims.payload_typ;
  if (!claims.contains("typ") && !types.empty()) {
    claims["typ"] = types.front();
    notes.push_back("the claims had no 'typ': it is " + quoted(types.front()));
  }
  if (!claims.contains("iat")) {
    claims["iat"] = seconds(now);
    notes.emplace_back("the claims had no 'iat': it is the moment that was asked about");
  }
  if (!claims.contains("exp")) {
    claims["exp"] = seconds(now + kLifetime);
    notes.emplace_back("the claims had no 'exp': it is five minutes later");
  }
}

jose::SigningAlgorithm algorithm_of(const issuer::IssuerConfig& issuer) {
  return issuer.symmetric_algorithm ? jose::signing(*issuer.symmetric_algorithm)
                                    : jose::signing(issuer.algorithms.front());
}

jose::KeyOrder order_for(jose::SigningAlgorithm algorithm) {
  using enum jose::SigningAlgorithm;
  switch (algorithm) {
    case es256:
      return {.kind = KeyKind::ec, .curve = "P-256"};
    case es384:
      return {.kind = KeyKind::ec, .curve = "P-384"};
    case es512:
      return {.kind = KeyKind::ec, .curve = "P-521"};
    case eddsa:
      return {.kind = KeyKind::okp};
    case hs256:
    case hs384:
    case hs512:
      return {.kind = KeyKind::oct};
    default:
      return {.kind = KeyKind::rsa, .bits = 2'048};
  }
}

Step<IssuerKeys> keys_with(const KeyMaterial& key, jose::SigningAlgorithm algorithm,
                           const issuer::IssuerConfig& issuer, WallTime now) {
  const jose::KeyLabels labels{
      .kid = kKeyId, .alg = std::string(algorithm_name(algorithm)), .use = "sig"};
  IssuerKeys keys{.keys = nullptr, .fetched_at = now, .generation = 1};
  if (issuer.symmetric_algorithm) {
    const auto text = key.private_jwk(labels);
    if (!text) return failed(text.error());
    auto symmetric = jose::SymmetricKey::parse(text->view(), *issuer.symmetric_algorithm);
    if (!symmetric) return failed(symmetric.error());
    keys.symmetric = std::make_shared<const jose::SymmetricKey>(*std::move(symmetric));
    return keys;
  }
  const auto text = key.public_jwk(labels);
  if (!text) return failed(text.error());
  auto set = jose::JwkSet::parse(R"({"keys":[)" + *text + "]}");
  if (!set) return failed("the key that was made is of no use");
  keys.keys = std::make_shared<const jose::JwkSet>(*std::move(set));
  return keys;
}

}  // namespace

Step<SupposedToken> suppose(ordered_json claims, const Snapshot& snapshot, WallTime now) {
  std::vector<std::string> notes;
  const auto index = issuer_of(claims, *snapshot.config, notes);
  if (!index) return failed(index.error());
  const issuer::IssuerConfig& issuer = snapshot.config->issuers[*index].config;
  fill(claims, issuer, now, notes);
  const auto algorithm = algorithm_of(issuer);
  const auto key = KeyMaterial::generate(order_for(algorithm));
  if (!key) return failed(key.error());
  auto keys = keys_with(*key, algorithm, issuer, now);
  if (!keys) return failed(keys.error());

  ordered_json header{{"alg", algorithm_name(algorithm)}, {"kid", kKeyId}};
  const auto& types = issuer.claims.typ;
  const auto typ =
      std::find_if(types.begin(), types.end(), [](const auto& each) { return each != "none"; });
  if (typ != types.end()) header["typ"] = *typ;
  std::string text;
  try {
    text = claims.dump();
  } catch (const ordered_json::exception&) {
    return failed("a claim's text is not UTF-8");
  }
  auto token = sign_compact(*key, algorithm, header.dump(), text);
  if (!token) return failed(token.error());
  SupposedToken supposed{*std::move(token), snapshot, std::move(notes)};
  supposed.snapshot.keys.resize(snapshot.config->issuers.size());
  supposed.snapshot.keys[*index] = *std::move(keys);
  return supposed;
}

}  // namespace latchkey::cli
