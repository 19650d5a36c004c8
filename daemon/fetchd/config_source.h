// SPDX-License-Identifier: Apache-2.0
//
// The configuration that latchkey-fetchd goes by: the same files that latchkeyd reads. A bad one
// changes nothing that was at work.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "config_files/load.h"
#include "core/config/config.h"
#include "core/issuer/issuer_config.h"

namespace latchkey::fetchd {

class ConfigSource {
 public:
  explicit ConfigSource(std::string path) : path_(std::move(path)) {}

  // Reads the files; says whether anything changed.
  tl::expected<bool, config_files::Errors> load();

  const config::Config& current() const { return config_; }

  // The issuer of that short name, where its section has that digest.
  const issuer::IssuerConfig* find(std::string_view name, std::string_view digest) const;
  // The same for a revocation list, and for the snapshot of a stream by the stream's name.
  const config::ListSource* find_list(std::string_view name, std::string_view digest) const;
  // And for status lists.
  const config::StatusListSource* find_status_list(std::string_view name,
                                                   std::string_view digest) const;
  // For a source of security events.
  const config::EventSource* find_events(std::string_view name, std::string_view digest) const;
  // And for a stream.
  const config::StreamSource* find_stream(std::string_view name, std::string_view digest) const;

 private:
  std::string path_;
  config::Config config_;
  std::vector<config::ListSource> snapshots_;  // of its streams
};

}  // namespace latchkey::fetchd
