// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/jwk_commands.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <sys/random.h>

#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/fit_key.h"
#include "cli/latchkeyctl/token_commands.h"
#include "core/base/text.h"
#include "core/jose/base64url.h"
#include "core/jose/signing/key_material.h"

namespace latchkey::cli {
namespace {

using jose::KeyKind;
using jose::KeyLabels;
using jose::KeyMaterial;
template <typename T>
using Step = tl::expected<T, std::string>;

std::string where(const std::string& path) {
  return path == kStandardInput ? "standard input" : printable(path);
}

Step<KeyMaterial> load(const std::string& path) {
  auto text = read_input(path, jose::kKeyTextMost, "FILE");
  if (!text) return tl::unexpected(text.error());
  auto key = KeyMaterial::parse(text->view());
  text->wipe();
  if (!key) return tl::unexpected(where(path) + ": " + key.error());
  return key;
}

Step<jose::KeyOrder> order_of(const GenerateOptions& options) {
  jose::KeyOrder order;
  order.kind = jose::find_key_kind(options.type).value_or(KeyKind::ec);
  order.bits = options.bits;
  if (options.bits != 0 && order.kind != KeyKind::rsa && order.kind != KeyKind::oct)
    return tl::unexpected<std::string>("--bits goes with RSA and oct; --curve chooses among EC");
  // Said before a long key is made; what a host takes is asked of the verifier afterwards.
  if (order.kind == KeyKind::rsa && order.bits != 0 && (order.bits < 2'048 || order.bits > 8'192))
    return tl::unexpected<std::string>("no host takes RSA of other than 2048 to 8192 bits");
  if (order.kind == KeyKind::oct && order.bits != 0 && (order.bits < 256 || order.bits > 8'192))
    return tl::unexpected<std::string>("no host takes oct of other than 256 to 8192 bits");
  if (!options.curve.empty() && order.kind == KeyKind::ec) order.curve = options.curve;
  if (!options.curve.empty() && order.kind == KeyKind::okp && options.curve != "Ed25519")
    return tl::unexpected<std::string>("the only curve of OKP here is Ed25519");
  if (!options.curve.empty() && (order.kind == KeyKind::rsa || order.kind == KeyKind::oct))
    return tl::unexpected<std::string>("--curve goes with EC and OKP");
  return order;
}

// One key, one algorithm (RFC 8725 section 3.1): a new key names it from the start.
Step<std::string> algorithm_of(const KeyMaterial& key, const std::string& wanted) {
  const auto possible = key.algorithms();
  if (wanted.empty() && !possible.empty()) return std::string(algorithm_name(possible.front()));
  for (const jose::SigningAlgorithm one : possible) {
    if (algorithm_name(one) == wanted) return wanted;
  }
  if (possible.empty())
    return tl::unexpected<std::string>("the key's 'alg' is none that a key of its type signs with");
  std::string names;
  for (const jose::SigningAlgorithm one : possible)
    names += (names.empty() ? "" : ", ") + std::string(algorithm_name(one));
  return tl::unexpected("--alg: the algorithm of this key is one of " + names);
}

// A key id stands in each token and in records of the host; a thumbprint of a symmetric key would
// be a digest of the secret there (RFC 7638 section 7).
Step<std::string> name_for(const KeyMaterial& key) {
  if (key.kind() != KeyKind::oct) return key.thumbprint();
  std::array<std::uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return tl::unexpected<std::string>("the system gives no random bytes");
  return jose::encode_base64url(bytes);
}

Step<KeyLabels> labels_of(const KeyMaterial& key, const std::string& algorithm,
                          const std::string& kid) {
  auto alg = algorithm_of(key, algorithm);
  if (!alg) return tl::unexpected(alg.error());
  if (auto usable = check_kid(kid); !usable) return tl::unexpected(usable.error());
  auto name = kid.empty() ? name_for(key) : Step<std::string>(kid);
  if (!name) return tl::unexpected(name.error());
  return KeyLabels{.kid = *std::move(name), .alg = *std::move(alg), .use = "sig"};
}

Step<void> write_key(const GenerateOptions& options, const KeyMaterial& key,
                     const KeyLabels& labels) {
  auto jwk = key.private_jwk(labels);
  if (!jwk) return tl::unexpected(std::move(jwk).error());
  if (!jwk->append("\n")) return tl::unexpected<std::string>("there is no memory for the key");
  if (options.out == kStandardInput) return print_secret(jwk->view());
  return write_private(options.out, jwk->view(),
                       options.force ? Existing::replace : Existing::refuse);
}

}  // namespace

int generate_jwk(const GenerateOptions& options) {
  const auto order = order_of(options);
  if (!order) return trouble(order.error());
  const auto key = KeyMaterial::generate(*order);
  if (!key) return trouble(key.error());
  const auto labels = labels_of(*key, options.algorithm, options.kid);
  if (!labels) return trouble(labels.error());
  if (const auto fit = check_fit(*key, *labels); !fit) return trouble(fit.error());
  if (const auto written = write_key(options, *key, *labels); !written)
    return trouble(written.error());
  if (options.out == kStandardInput || key->kind() == KeyKind::oct) return kOk;
  const auto shown = key->public_jwk(*labels);
  if (!shown) return trouble(shown.error());
  return print(*shown + "\n") == kOk ? kOk : kTrouble;
}

int public_jwk(const PublicOptions& options) {
  const auto key = load(options.key);
  if (!key) return trouble(key.error());
  KeyLabels labels = key->labels();
  if (!labels.use) labels.use = "sig";
  if (auto usable = check_kid(options.kid); !usable) return trouble(usable.error());
  if (!options.kid.empty()) labels.kid = options.kid;
  if (!labels.kid && key->kind() != KeyKind::oct) {
    const auto name = key->thumbprint();
    if (!name) return trouble(name.error());
    labels.kid = *name;
  }
  if (!options.algorithm.empty()) {
    const auto alg = algorithm_of(*key, options.algorithm);
    if (!alg) return trouble(alg.error());
    labels.alg = *alg;
  }
  const auto jwk = key->public_jwk(labels);
  if (!jwk) return trouble(where(options.key) + ": " + jwk.error());
  if (const auto fit = check_fit(*key, labels); !fit)
    trouble("warning: " + where(options.key) + ": " + fit.error());
  return print(options.set ? "{\"keys\":[" + *jwk + "]}\n" : *jwk + "\n") == kOk ? kOk : kTrouble;
}

int jwk_thumbprint(const Session& session, const std::string& path) {
  const auto key = load(path);
  if (!key) return trouble(key.error());
  const auto thumbprint = key->thumbprint();
  if (!thumbprint) return trouble(thumbprint.error());
  if (key->kind() == KeyKind::oct) {
    trouble("warning: " + where(path) +
            ": this is a digest of the secret itself, which guesses can be tried against (RFC 7638 "
            "section 7)");
  }
  return print(session.json ? "{\"thumbprint\":\"" + *thumbprint + "\"}\n" : *thumbprint + "\n") ==
                 kOk
             ? kOk
             : kTrouble;
}

}  // namespace latchkey::cli
