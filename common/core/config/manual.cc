// SPDX-License-Identifier: Apache-2.0
#include "core/config/manual.h"

#include <algorithm>
#include <array>

#include "core/config/keys.h"

namespace latchkey::config {
namespace {

constexpr std::size_t kWidth = 100;

bool is_section(const Key& key) { return std::holds_alternative<SectionSlot>(key.slot); }
bool is_list_of_sections(const Key& key) {
  return std::holds_alternative<SectionListSlot>(key.slot);
}

Section inner_section(const Key& key) {
  return is_section(key) ? std::get<SectionSlot>(key.slot).section
                         : std::get<SectionListSlot>(key.slot).section;
}

// Breaks the text into lines that fit behind `prefix`.
std::string wrapped(std::string_view text, const std::string& prefix) {
  std::string out;
  std::string line = prefix;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    if (line.size() > prefix.size() && line.size() + 1 + word.size() > kWidth) {
      out += line + '\n';
      line = prefix;
    }
    line += (line.size() > prefix.size() ? " " : "") + std::string(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + line + '\n';
}

// "duration, 1s to 5m, default 1m"
std::string facts(const Key& key) {
  if (is_section(key) || is_list_of_sections(key)) return "";
  std::string out = type_text(key);
  if (const auto range = range_text(key); !range.empty()) out += ", " + range;
  if (has(key.rule, Rule::required)) out += ", required";
  if (!key.standard.empty()) out += ", default " + std::string(key.standard);
  return out;
}

bool shown(const Key& key) {
  if (has(key.rule, Rule::required) || has(key.rule, Rule::shown)) return true;
  if (!is_section(key)) return false;
  const auto inner = keys_of(inner_section(key));
  return std::any_of(inner.begin(), inner.end(), [](const Key* each) { return shown(*each); });
}

std::string example_of(Section section, const std::string& indent, bool active);

// A key with its comment. What is not shown stays behind a '#', its section's keys too.
std::string example_of(const Key& key, const std::string& indent, bool active) {
  std::string out = wrapped(key.meaning, indent + "# ");
  if (const auto more = facts(key); !more.empty()) out += wrapped('(' + more + ')', indent + "# ");
  active = active && (shown(key) || is_list_of_sections(key));
  out += indent + (active ? "" : "#") + std::string(key.name) + ':';
  if (is_section(key)) return out + '\n' + example_of(inner_section(key), indent + "  ", active);
  if (!is_list_of_sections(key)) return out + ' ' + std::string(key.example) + '\n';
  auto member = example_of(inner_section(key), indent + "    ", active);
  // Behind the '#', where the whole list is: without it the member begins as it should.
  const std::string mark = active ? "" : "#";
  const auto first = member.find(std::string(4, ' ') + mark +
                                 std::string(keys_of(inner_section(key)).front()->name) + ':');
  member.replace(first, 4 + mark.size(), "  " + mark + "- ");
  return out + '\n' + member + std::string(key.example);
}

std::string example_of(Section section, const std::string& indent, bool active) {
  std::string out;
  for (const auto* key : keys_of(section)) {
    if (section == Section::root && !out.empty()) out += '\n';
    out += example_of(*key, indent, active);
  }
  return out;
}

// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) { return text.empty() ? "" : '`' + cell(text) + '`'; }

std::string row(const Key& key) {
  std::string type = type_text(key);
  if (const auto range = range_text(key); !range.empty()) type += ", " + range;
  const auto standard = has(key.rule, Rule::required) ? "required" : code(key.standard);
  const bool literal = !is_section(key) && !is_list_of_sections(key);
  return "| `" + std::string(key.name) + "` | " + cell(type) + " | " + standard + " | " +
         cell(key.meaning) +
         (literal && key.example != key.standard && key.name != "version"
              ? " Example: " + code(key.example)
              : "") +
         " |\n";
}

struct Heading {
  Section section;
  std::string_view title;
};
constexpr auto kHeadings =
    std::to_array<Heading>({{Section::root, "The file"},
                            {Section::budgets, "`budgets`"},
                            {Section::sessions, "`sessions`"},
                            {Section::accounts, "`accounts`"},
                            {Section::issuer, "`issuers[]`"},
                            {Section::user, "`issuers[].user`"},
                            {Section::groups, "`issuers[].groups`"},
                            {Section::introspection_client, "`issuers[].introspection_client`"},
                            {Section::opaque_tokens, "`issuers[].opaque_tokens`"},
                            {Section::rule, "`access[]`"},
                            {Section::allow, "`access[].allow`"},
                            {Section::deny, "`access[].deny`"},
                            {Section::revocation, "`revocation`"},
                            {Section::revocation_list, "`revocation.lists[]`"},
                            {Section::revocation_stream, "`revocation.streams[]`"},
                            {Section::revocation_status_list, "`revocation.status_lists[]`"},
                            {Section::revocation_events, "`revocation.events[]`"}});

constexpr std::string_view kIntroduction =
    R"(# Configuration

<!-- Generated from the key table (common/core/config/keys.cc); LATCHKEY_REWRITE_GOLDEN=1 ./test unit writes it anew. -->

Latchkey reads `/etc/latchkey/latchkey.yaml` and then `conf.d/*.yaml` beside it, in the order of their names. `issuers`,
`access`, `labels`, `managed`, `unmanaged`, `revocation.lists`, `revocation.streams`, `revocation.status_lists` and `revocation.events` of all files are joined; any other key may be set once in all. The files hold no
secret. They must be plain files, owned by root, that nobody else may write to.

- `latchkeyctl config check FILE` reads a file as the daemons do and prints every error with file, line and column.
- `latchkeyctl reload` puts it into force, and reads its key files again; a configuration with an error, or with a key
  file that cannot serve, changes nothing.
- `latchkeyctl config dump` prints what is in force, defaults included.

An unknown key, a duplicate, a value of another type or out of range, and an empty list where a list decides something
are errors. Durations are one whole number and one unit: `ms`, `s`, `m`, `h`, `d`. Of YAML, maps, lists and plain or
quoted values are read; anchors, aliases, merge keys, tags and several documents in one file are refused.

What no access rule allows is refused. Rules are tried from first to last, and the first that is for the service and this host and
all of whose conditions hold decides: it allows, or it denies. Conditions of which nobody knows whether they hold count for a rule that
denies, and against one that allows.
)";

constexpr std::string_view kHead =
    R"(# The configuration of Latchkey, to be installed as /etc/latchkey/latchkey.yaml.
#
# Every key is here. What has a '#' right before its name is optional and shows an example, or its
# default. Issuers and access rules may also stand in conf.d/*.yaml beside this file. After a change:
#
#   latchkeyctl config check /etc/latchkey/latchkey.yaml && latchkeyctl reload

)";

}  // namespace

std::string commented_example() { return std::string(kHead) + example_of(Section::root, "", true); }

std::string reference() {
  std::string out(kIntroduction);
  for (const auto& heading : kHeadings) {
    out += "\n## " + std::string(heading.title) +
           "\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n";
    for (const auto* key : keys_of(heading.section)) out += row(*key);
  }
  return out;
}

}  // namespace latchkey::config
