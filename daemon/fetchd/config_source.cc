// SPDX-License-Identifier: Apache-2.0
//
// A thin holder: reading and judging are config_files' and the core's.
#include "daemon/fetchd/config_source.h"

#include <cstddef>

namespace latchkey::fetchd {

tl::expected<bool, config_files::Errors> ConfigSource::load() {
  auto loaded = config_files::load(path_);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  const bool changed = loaded->digest != config_.digest;
  config_ = *std::move(loaded);
  snapshots_.clear();
  for (const config::StreamSource& stream : config_.revocation.streams) {
    if (auto snapshot = config::snapshot_of(stream)) snapshots_.push_back(*std::move(snapshot));
  }
  return changed;
}

const issuer::IssuerConfig* ConfigSource::find(std::string_view name,
                                               std::string_view digest) const {
  const std::ptrdiff_t index = config_.find_issuer_by_name(name);
  if (index < 0) return nullptr;
  const issuer::IssuerConfig& issuer = config_.issuers[static_cast<std::size_t>(index)].config;
  return issuer.digest == digest ? &issuer : nullptr;
}

const config::ListSource* ConfigSource::find_list(std::string_view name,
                                                  std::string_view digest) const {
  // No list and no stream have one name.
  for (const auto* all : {&config_.revocation.lists, &snapshots_}) {
    for (const config::ListSource& list : *all) {
      if (list.feed.name == name) return list.digest == digest ? &list : nullptr;
    }
  }
  return nullptr;
}

const config::StatusListSource* ConfigSource::find_status_list(std::string_view name,
                                                               std::string_view digest) const {
  for (const config::StatusListSource& lists : config_.revocation.status_lists) {
    if (lists.name == name) return lists.digest == digest ? &lists : nullptr;
  }
  return nullptr;
}

const config::EventSource* ConfigSource::find_events(std::string_view name,
                                                     std::string_view digest) const {
  for (const config::EventSource& events : config_.revocation.events) {
    if (events.feed.name == name && events.digest == digest) return &events;
  }
  return nullptr;
}

const config::StreamSource* ConfigSource::find_stream(std::string_view name,
                                                      std::string_view digest) const {
  for (const config::StreamSource& stream : config_.revocation.streams) {
    if (stream.feed.name == name && stream.digest == digest) return &stream;
  }
  return nullptr;
}

}  // namespace latchkey::fetchd
