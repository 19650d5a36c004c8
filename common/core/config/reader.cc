// SPDX-License-Identifier: Apache-2.0
#include "core/config/reader.h"

#include <algorithm>
#include <numeric>

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/config/parse.h"
#include "core/config/presets.h"
#include "core/config/value_reader.h"

namespace latchkey::config {
namespace {

std::size_t most_of(Section section) {
  if (section == Section::issuer) return limits::kIssuers;
  if (section == Section::rule) return kRulesMost;
  if (section == Section::revocation_status_list) return limits::kStatusListSources;
  if (section == Section::revocation_events) return limits::kRevocationEvents;
  return section == Section::revocation_list ? limits::kRevocationLists
                                             : limits::kRevocationStreams;
}

// Levenshtein's distance: letters that must be put in, taken out or changed.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string where(const Place& place) { return place.file + ':' + std::to_string(place.line); }

// A key that several files may carry: lists that are joined, and the root's sections, whose own
// keys count.
bool in_several_files(const Key& key) {
  return has(key.rule, Rule::append) || std::holds_alternative<VersionSlot>(key.slot) ||
         (key.section == Section::root && std::holds_alternative<SectionSlot>(key.slot));
}

}  // namespace

std::string_view nearest(std::string_view misspelt, const std::vector<std::string_view>& names) {
  constexpr std::size_t kLongest = 64;  // nothing longer is a misspelt key of ours
  if (misspelt.size() > kLongest) return {};
  std::string_view best;
  auto least = std::max<std::size_t>(2, misspelt.size() / 3) + 1;
  for (const auto name : names) {
    const auto far = distance(misspelt, name);
    if (far >= least || far >= name.size()) continue;
    least = far;
    best = name;
  }
  return best;
}

Reader::Reader(Config& config) : config_(config) {
  static const std::string table = "the key table";
  file_ = &table;
  apply_defaults(Section::root, {.config = &config_});
}

void Reader::error(const Place& place, std::string message) {
  errors_.push_back({place.file, place.line, place.column, std::move(message)});
}

// The defaults of the table are read as if they stood in a file; a test holds that none of them is
// an error.
void Reader::apply_defaults(Section section, const Target& target) {
  Seen unused;
  for (const auto* key : keys_of(section)) {
    if (const auto* inner = std::get_if<SectionSlot>(&key->slot))
      apply_defaults(inner->section, target);
    if (key->standard.empty()) continue;
    if (const auto value = parse_yaml_value(key->standard)) {
      read_value(*key, *value, target, unused);
    } else {
      errors_.push_back(value.error());
    }
  }
}

// What the section sets itself wins, so this comes after it. A test holds that no row is an error.
void Reader::apply_preset(const Target& target, const Instance& instance) {
  Seen unused;
  for (const PresetRow& row : preset_rows()) {
    if (row.provider != target.issuer->config.provider) continue;
    const auto* key = find_key(row.section, row.key);
    if (key == nullptr || instance.seen.contains(key)) continue;
    if (row.when != nullptr && !row.when(target.issuer->config)) continue;
    if (const auto value = parse_yaml_value(row.value)) {
      read_value(*key, *value, target, unused);
      target.issuer->from_preset.push_back(key);
    } else {
      errors_.push_back(value.error());
    }
  }
}

void Reader::read(const std::string& file, const YamlNode& root, bool main) {
  file_ = &file;
  read_section(Section::root, root, {.config = &config_}, root_);
  const auto* version = find_key(Section::root, "version");
  if (main && !root_.contains(version)) error({file, 1, 1}, "'version: 1' is missing");
}

void Reader::read_section(Section section, const YamlNode& node, const Target& target, Seen& seen) {
  if (node.kind != YamlNode::Kind::map) {
    error(node, "expected keys and values here");
    return;
  }
  for (const auto& [name, value] : node.members) {
    const auto* key = find_key(section, name.text);
    if (key == nullptr) {
      unknown_key(section, name);
    } else if (first_time(*key, name, seen)) {
      read_value(*key, value, target, seen);
    }
  }
  if (section != Section::root) missing_keys(section, place(node), seen);
}

bool Reader::first_time(const Key& key, const YamlNode& name, Seen& seen) {
  const auto [it, fresh] = seen.try_emplace(&key, place(name));
  if (fresh) return true;
  if (in_several_files(key) && it->second.file != *file_) {
    it->second = place(name);
    return true;
  }
  error(name, "'" + path(key) + "' is set twice, first at " + where(it->second));
  return false;
}

void Reader::unknown_key(Section section, const YamlNode& name) {
  std::vector<std::string_view> names;
  for (const auto* key : keys_of(section)) names.push_back(key->name);
  std::string message = "unknown key " + quoted(name.text);
  const auto elsewhere = std::find_if(keys().begin(), keys().end(),
                                      [&](const Key& key) { return key.name == name.text; });
  if (const auto near = nearest(name.text, names); !near.empty()) {
    message += ", did you mean '" + std::string(near) + "'?";
  } else if (elsewhere != keys().end()) {
    message += "; there is '" + path(*elsewhere) + "'";
  }
  error(name, std::move(message));
}

void Reader::read_value(const Key& key, const YamlNode& node, const Target& target, Seen& seen) {
  std::visit(ValueReader{*this, key, node, target, seen}, key.slot);
}

std::deque<Instance>& Reader::instances_of(Section section) {
  if (section == Section::issuer) return issuers_;
  if (section == Section::rule) return rules_;
  if (section == Section::revocation_status_list) return status_lists_;
  if (section == Section::revocation_events) return events_;
  return section == Section::revocation_list ? lists_ : streams_;
}

Target Reader::add_member(Section section, const Place& at) {
  Target target{.config = &config_};
  if (section == Section::issuer) {
    target.issuer = &config_.issuers.emplace_back();
  } else if (section == Section::rule) {
    target.rule = &config_.access.emplace_back();
    target.rule->name = "access[" + std::to_string(config_.access.size()) + "]";
    target.rule->source = where(at);
  } else if (section == Section::revocation_list) {
    target.list = &config_.revocation.lists.emplace_back();
  } else if (section == Section::revocation_status_list) {
    target.status_list = &config_.revocation.status_lists.emplace_back();
  } else if (section == Section::revocation_events) {
    target.events = &config_.revocation.events.emplace_back();
  } else {
    target.stream = &config_.revocation.streams.emplace_back();
  }
  return target;
}

// Each member is an issuer, a rule, or a source of revocations of its own, behind those that other
// files gave.
void Reader::read_list_of_sections(const Key& key, const YamlNode& node) {
  const auto section = std::get<SectionListSlot>(key.slot).section;
  const auto most = most_of(section);
  auto& instances = instances_of(section);
  for (const auto& item : node.items) {
    if (instances.size() == most)
      return error(item, "more than " + std::to_string(most) + " members of '" + path(key) + "'");
    auto& instance = instances.emplace_back(Instance{place(item), {}});
    const Target target = add_member(section, instance.place);
    apply_defaults(section, target);
    read_section(section, item, target, instance.seen);
    if (section == Section::issuer) {
      const auto& map = target.issuer->groups.groups;
      target.issuer->config.claims.groups_by_email = std::any_of(
          map.begin(), map.end(), [](const auto& each) { return claims::is_email(each.first); });
      apply_preset(target, instance);
    }
  }
}

void Reader::missing_keys(Section section, const Place& at, const Seen& seen) {
  for (const auto* key : keys_of(section)) {
    if (has(key->rule, Rule::required) && !seen.contains(key))
      error(at, "'" + path(*key) + "' is missing");
  }
}

}  // namespace latchkey::config
