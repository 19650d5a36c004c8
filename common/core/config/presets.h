// SPDX-License-Identifier: Apache-2.0
//
// What is known of the identity providers that people really use, as one table: which values fit
// the keys of an issuer's section where `provider` names one of them and the section does not say
// otherwise. A value of the table is read like one in the file, by the same rules. What a provider
// needs besides values is in preset_rules.h; docs/providers has a page for each, which the tests
// hold to this table.
#pragma once

#include <span>
#include <string_view>

#include "core/config/keys.h"

namespace latchkey::config {

struct Provider {
  std::string_view name;
  // The claims that stay with a person (or a workload) for ever and are given to nobody else. The
  // binding of a local name is to `iss` and `sub` whatever stands here; where that is not as
  // stable, the provider's page says so.
  std::string_view stable_id;
};

std::span<const Provider> providers();
const Provider* find_provider(std::string_view name);  // null: there is none

// One value. The rows of a provider are read from the top, each where its key is not set and `when`
// (null: always) says yes to the section as it is by then.
struct PresetRow {
  std::string_view provider;
  Section section;  // issuer, user or groups
  std::string_view key;
  std::string_view value;  // as YAML
  bool (*when)(const issuer::IssuerConfig&) = nullptr;
};

std::span<const PresetRow> preset_rows();

}  // namespace latchkey::config
