// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/stream_signer.h"

#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/fit_key.h"
#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "core/jose/signing/compact_signature.h"

namespace latchkey::cli {
namespace {

using jose::KeyResult;

// Nobody is to find out on ten thousand hosts that an item is not read.
KeyResult<void> check_readable(std::string_view token, std::string_view name, WallTime now,
                               const std::string& public_jwk) {
  const auto keys = jose::JwkSet::parse("{\"keys\":[" + public_jwk + "]}");
  if (!keys || keys->empty()) return tl::unexpected<std::string>("no reader would take the key");
  jose::Scratch scratch;
  const auto read = revocation::read_stream_item(token, {name, *keys}, now, scratch);
  if (!read) return tl::unexpected("no reader would take the item: " + read.error().detail);
  return {};
}

}  // namespace

std::uint64_t next_stream_seq(std::uint64_t last, WallTime now) {
  const auto since_1970 =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  return std::max(last + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(since_1970, 0)));
}

KeyResult<std::string> sign_stream_item(const revocation::StreamItem& item, std::string_view name,
                                        const jose::KeyMaterial& key) {
  const auto algorithms = key.algorithms();
  const auto thumbprint = key.thumbprint();
  if (algorithms.empty() || !thumbprint || !key.has_private())
    return tl::unexpected<std::string>("the key cannot sign");
  const std::string algorithm(jose::algorithm_name(algorithms.front()));
  const std::string kid = key.labels().kid.value_or(*thumbprint);
  const jose::KeyLabels labels{.kid = kid, .alg = algorithm, .use = std::nullopt};
  if (auto fit = check_fit(key, labels); !fit) return tl::unexpected(fit.error());
  const auto public_jwk = key.public_jwk(labels);
  if (!public_jwk) return tl::unexpected(public_jwk.error());
  const nlohmann::ordered_json header{
      {"alg", algorithm}, {"typ", revocation::kStreamItemType}, {"kid", kid}};
  const auto token = sign_compact(key, algorithms.front(), header.dump(),
                                  revocation::write_stream_payload(item, name));
  if (!token) return tl::unexpected(token.error());
  if (auto good = check_readable(token->view(), name, item.issued_at, *public_jwk); !good)
    return tl::unexpected(good.error());
  return std::string(token->view());
}

}  // namespace latchkey::cli
