// SPDX-License-Identifier: Apache-2.0
//
// Reads the trees of all files into one Config by the key table, and remembers where each value
// stood, so that checks across keys can point there. Goes on after an error: the caller wants all
// of them.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/config/keys.h"
#include "core/config/source.h"
#include "core/config/yaml_tree.h"

namespace latchkey::config {

// Where the keys of one section, and of the sections in it, were set.
using Seen = std::map<const Key*, Place>;

struct Instance {
  Place place;
  Seen seen;
};

class Reader {
 public:
  explicit Reader(Config& config);

  // Reads one file; `main` is the first one.
  void read(const std::string& file, const YamlNode& root, bool main);

  void error(const Place& place, std::string message);
  std::vector<ConfigError>& errors() { return errors_; }

  const Seen& root() const { return root_; }
  // One for each issuer, rule, list, stream and source of events of the Config, in its order.
  const std::deque<Instance>& issuers() const { return issuers_; }
  const std::deque<Instance>& rules() const { return rules_; }
  const std::deque<Instance>& lists() const { return lists_; }
  const std::deque<Instance>& streams() const { return streams_; }
  const std::deque<Instance>& status_lists() const { return status_lists_; }
  const std::deque<Instance>& events() const { return events_; }

 private:
  friend struct ValueReader;

  Place place(const YamlNode& node) const { return {*file_, node.line, node.column}; }
  void error(const YamlNode& node, std::string message) { error(place(node), std::move(message)); }
  void apply_defaults(Section section, const Target& target);
  void apply_preset(const Target& target, const Instance& instance);
  void read_section(Section section, const YamlNode& node, const Target& target, Seen& seen);
  bool first_time(const Key& key, const YamlNode& name, Seen& seen);
  void unknown_key(Section section, const YamlNode& name);
  void read_value(const Key& key, const YamlNode& node, const Target& target, Seen& seen);
  void read_list_of_sections(const Key& key, const YamlNode& node);
  std::deque<Instance>& instances_of(Section section);
  Target add_member(Section section, const Place& at);
  void missing_keys(Section section, const Place& at, const Seen& seen);

  Config& config_;
  const std::string* file_ = nullptr;
  std::vector<ConfigError> errors_;
  Seen root_;
  std::deque<Instance> issuers_;
  std::deque<Instance> rules_;
  std::deque<Instance> lists_;
  std::deque<Instance> streams_;
  std::deque<Instance> status_lists_;
  std::deque<Instance> events_;
};

// The name of the list that is nearest to a misspelt one, or nothing; `names` in any order.
std::string_view nearest(std::string_view misspelt, const std::vector<std::string_view>& names);

}  // namespace latchkey::config
