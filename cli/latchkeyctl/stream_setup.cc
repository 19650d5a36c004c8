// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/stream_setup.h"

#include <algorithm>
#include <utility>

#include "cli/latchkeyctl/files.h"

namespace latchkey::cli {
namespace {

tl::unexpected<std::string> refused(std::string what) { return tl::unexpected(std::move(what)); }

}  // namespace

jose::KeyResult<config::StreamSource> choose_stream(const config::Config& config,
                                                    const std::string& name) {
  const auto& all = config.revocation.streams;
  if (all.empty()) return refused("the configuration has no 'revocation.streams'");
  if (name.empty()) {
    if (all.size() == 1) return all.front();
    return refused("the configuration has several streams: --stream says which");
  }
  for (const config::StreamSource& each : all) {
    if (each.feed.name == name) return each;
  }
  return refused("the configuration has no stream of that name");
}

jose::KeyResult<jose::JwkSet> stream_readers(const config::StreamSource& stream) {
  std::string document = stream.keys.document;
  if (!stream.keys_file.empty()) {
    const auto text = read_key_set_file(stream.keys_file);
    if (!text) return refused(text.error());
    document = std::string(text->view());
  }
  auto set = jose::JwkSet::parse(document);
  if (!set || set->empty()) return refused("the stream's keys: there is no usable key in them");
  return *std::move(set);
}

jose::KeyResult<jose::KeyMaterial> writing_key(const std::string& path, const jose::JwkSet& readers,
                                               const std::string& config) {
  if (path == kStandardInput)
    return refused("--key: a file, since the writer's notes lie beside it");
  auto text = read_key(path);
  if (!text) return refused(text.error());
  auto key = jose::KeyMaterial::parse(text->view());
  text->wipe();
  if (!key) return refused("--key: " + key.error());
  const std::string thumbprint = key->thumbprint().value_or("");
  const bool known =
      std::any_of(readers.keys().begin(), readers.keys().end(), [&](const jose::Jwk& each) {
        return !thumbprint.empty() && each.thumbprint() == thumbprint;
      });
  if (known) return *std::move(key);
  return refused("--key: hosts would refuse it: it is none of the stream's keys in " + config);
}

}  // namespace latchkey::cli
