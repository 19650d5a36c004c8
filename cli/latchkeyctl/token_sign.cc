// SPDX-License-Identifier: Apache-2.0
//
// token sign: claims from a file and from options, signed by a key of the administrator's own.
#include <array>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include <sys/random.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/claims_file.h"
#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/fit_key.h"
#include "cli/latchkeyctl/moment.h"
#include "cli/latchkeyctl/token_commands.h"
#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/config/forms.h"
#include "core/jose/base64url.h"
#include "core/jose/signing/compact_signature.h"

namespace latchkey::cli {
namespace {

using jose::KeyMaterial;
using jose::SigningAlgorithm;
using nlohmann::ordered_json;
template <typename T>
using Step = tl::expected<T, std::string>;

tl::unexpected<std::string> failed(std::string what) { return tl::unexpected(std::move(what)); }

// `which` counts from 1: the claim is not named, it may be anything that was typed.
Step<std::pair<std::string, ordered_json>> parse_claim(const std::string& text, std::size_t which) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    return failed("--claim takes NAME=JSON, such as --claim 'groups=[\"sre\"]'");
  const std::string name = text.substr(0, equals);
  auto value = parse_strictly(std::string_view(text).substr(equals + 1),
                              "--claim (number " + std::to_string(which) + ")");
  if (!value) return failed(value.error() + " (a text is written with its quotes)");
  return std::pair(name, *std::move(value));
}

Step<ordered_json> base_claims(const SignOptions& options) {
  if (options.claims.empty()) return ordered_json::object();
  return read_claims(options.claims, "--claims");
}

// RFC 7519 section 4.1.7; what `revoke --jti` names.
Step<std::string> random_id() {
  std::array<std::uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return failed("the system gives no random bytes");
  return jose::encode_base64url(bytes);
}

// iat, exp and jti are added where nothing says otherwise; with a lifetime of 0 none of them is.
Step<void> add_life(ordered_json& claims, const SignOptions& options) {
  const auto lifetime = options.lifetime == "0" ? std::chrono::milliseconds(0)
                                                : config::parse_duration(options.lifetime);
  if (!lifetime) return failed("--lifetime takes a number and a unit, such as 90s, 5m or 1d; or 0");
  const auto now = parse_moment(options.now);
  if (!now)
    return failed(
        "--now takes an RFC 3339 time from 1970 on such as 2026-03-01T09:30:00Z, or seconds");
  if (*lifetime == std::chrono::milliseconds(0)) return {};
  if (*now + *lifetime > kLatestMoment)
    return failed("--lifetime: the token would expire after the year 9999, which no host takes");
  const auto seconds = [](WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  };
  auto id = random_id();
  if (!id) return failed(id.error());
  if (!claims.contains("iat")) claims["iat"] = seconds(*now);
  if (!claims.contains("exp")) claims["exp"] = seconds(*now + *lifetime);
  if (!claims.contains("jti")) claims["jti"] = *std::move(id);
  return {};
}

Step<std::string> claims_text(const SignOptions& options) {
  auto claims = base_claims(options);
  if (!claims) return failed(claims.error());
  // Options replace what the file says, but no option another one.
  std::set<std::string> said;
  if (!options.issuer.empty()) (*claims)["iss"] = options.issuer, said.insert("iss");
  if (!options.subject.empty()) (*claims)["sub"] = options.subject, said.insert("sub");
  if (options.audiences.size() == 1) (*claims)["aud"] = options.audiences.front();
  if (options.audiences.size() > 1) (*claims)["aud"] = options.audiences;
  if (!options.audiences.empty()) said.insert("aud");
  for (std::size_t i = 0; i < options.more.size(); ++i) {
    auto claim = parse_claim(options.more[i], i + 1);
    if (!claim) return failed(claim.error());
    if (!said.insert(claim->first).second)
      return failed("--claim (number " + std::to_string(i + 1) + "): the claim is given twice");
    (*claims)[claim->first] = std::move(claim->second);
  }
  if (auto added = add_life(*claims, options); !added) return failed(added.error());
  try {
    return claims->dump();
  } catch (const ordered_json::exception&) {
    return failed("a claim's text is not UTF-8");
  }
}

Step<SigningAlgorithm> choose_algorithm(const KeyMaterial& key, const std::string& wanted) {
  const auto possible = key.algorithms();
  if (wanted.empty()) {
    if (!possible.empty()) return possible.front();
    return failed("the key's 'alg' is none that a key of its type signs with");
  }
  const auto algorithm = jose::find_signing_algorithm(wanted);
  if (!algorithm) return failed("--alg: there is no such algorithm here");
  return *algorithm;  // whether it fits, the key says
}

// A key without a name is called by its thumbprint; a symmetric one is not, because a thumbprint
// lets others try secrets against it (RFC 7638 section 7).
Step<std::string> header_text(const KeyMaterial& key, SigningAlgorithm algorithm,
                              const SignOptions& options) {
  ordered_json header{{"alg", jose::algorithm_name(algorithm)}};
  const bool claims = options.payload.empty();
  if (claims && !options.typ.empty()) header["typ"] = options.typ;
  if (!options.no_kid) {
    if (!options.kid.empty()) {
      header["kid"] = options.kid;
    } else if (const auto& own = key.labels().kid; own) {
      header["kid"] = *own;
    } else if (key.kind() != jose::KeyKind::oct) {
      auto name = key.thumbprint();
      if (!name) return name;
      header["kid"] = *std::move(name);
    }
  }
  try {
    return header.dump();
  } catch (const ordered_json::exception&) {
    return failed("the header's text is not UTF-8");
  }
}

Step<wire::SecretBuffer> make_token(const SignOptions& options) {
  if (auto usable = check_kid(options.kid); !usable) return failed(usable.error());
  auto text = read_key(options.key);
  if (!text) return failed(text.error());
  const auto key = KeyMaterial::parse(text->view());
  text->wipe();
  const std::string where =
      options.key == kStandardInput ? std::string("standard input") : printable(options.key);
  if (!key) return failed(where + ": " + key.error());
  const auto algorithm = choose_algorithm(*key, options.algorithm);
  if (!algorithm) return failed(algorithm.error());
  const auto header = header_text(*key, *algorithm, options);
  if (!header) return failed(header.error());
  auto token = [&]() -> Step<wire::SecretBuffer> {
    if (!options.payload.empty()) {
      const auto payload = read_input(options.payload, limits::kTokenBytes, "--payload");
      if (!payload) return failed(payload.error());
      return sign_compact(*key, *algorithm, *header, payload->view());
    }
    const auto claims = claims_text(options);
    if (!claims) return failed(claims.error());
    return sign_compact(*key, *algorithm, *header, *claims);
  }();
  if (!token) return token;
  // What the key itself refuses is said in its own words first.
  const jose::KeyLabels labels{.alg = std::string(jose::algorithm_name(*algorithm))};
  if (auto fit = check_fit(*key, labels); !fit) return failed(where + ": " + fit.error());
  if (token->size() > limits::kTokenBytes)
    return failed("the token would be longer than 65536 bytes, which no host takes");
  return token;
}

bool twice_standard_input(const SignOptions& options) {
  int count = 0;
  for (const std::string& path : {options.key, options.claims, options.payload})
    count += path == kStandardInput ? 1 : 0;
  return count > 1;
}

}  // namespace

int sign_token_command(const Session& session, const SignOptions& options) {
  if (twice_standard_input(options))
    return trouble("only one of key, claims and payload can come from standard input");
  const auto token = make_token(options);
  if (!token) return trouble(token.error());
  wire::SecretBuffer line(token->size() + 32);
  const bool whole =
      session.json && options.out.empty()
          ? line.append("{\"token\":\"") && line.append(token->view()) && line.append("\"}\n")
          : line.append(token->view()) && line.append("\n");
  if (!whole) return trouble("there is no memory for the token");
  const auto written = options.out.empty()
                           ? print_secret(line.view())
                           : write_private(options.out, line.view(),
                                           options.force ? Existing::replace : Existing::refuse);
  return written ? kOk : trouble(written.error());
}

}  // namespace latchkey::cli
