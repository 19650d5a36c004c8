// SPDX-License-Identifier: Apache-2.0
#include "core/config/revocation_checks.h"

#include <algorithm>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::config {
namespace {

Place at(const Instance& instance, std::string_view name) {
  const auto it = instance.seen.find(find_key(Section::revocation_list, name));
  return it == instance.seen.end() ? instance.place : it->second;
}

void check_keys(const ListSource& list, const Instance& instance, const Config& config,
                Reader& reader) {
  const bool inline_keys = !list.keys.document.empty();
  if (inline_keys == !list.keys_file.empty()) {
    return reader.error(inline_keys ? at(instance, "keys_file") : instance.place,
                        "a list needs 'keys' or 'keys_file', and not both");
  }
  for (const Issuer& issuer : config.issuers) {
    if (!list.keys_file.empty() && list.keys_file == issuer.config.jwks_file) {
      reader.error(at(instance, "keys_file"), "these are the keys of issuer " +
                                                  quoted(issuer.config.name) +
                                                  ": a list's keys verify nothing else");
    }
    if (!inline_keys || !issuer.config.inline_keys()) continue;
    const auto ours = jose::JwkSet::parse(list.keys.document);
    const auto theirs = jose::JwkSet::parse(issuer.config.keys.document);
    if (!ours || !theirs) continue;  // they were parsed before
    if (LATCHKEY_FAILS(list_key_shared, !shared_key(*ours, *theirs).empty())) {
      reader.error(at(instance, "keys"), "a key also verifies tokens of issuer " +
                                             quoted(issuer.config.name) +
                                             ": a list's keys verify nothing else");
    }
  }
}

}  // namespace

void check_revocation(const Config& config, Reader& reader) {
  const auto& lists = config.revocation.lists;
  for (std::size_t i = 0; i < lists.size(); ++i)
    check_keys(lists[i], reader.lists()[i], config, reader);
}

std::string shared_key(const jose::JwkSet& one, const jose::JwkSet& other) {
  for (const jose::Jwk& key : one.keys()) {
    for (const jose::Jwk& same : other.keys()) {
      if (key.thumbprint() == same.thumbprint()) return std::string(key.thumbprint());
    }
  }
  return {};
}

}  // namespace latchkey::config
