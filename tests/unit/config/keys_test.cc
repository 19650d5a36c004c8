// SPDX-License-Identifier: Apache-2.0
//
// The key table itself: what holds for every row.
#include "core/config/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/config/dump.h"
#include "core/config/parse.h"
#include "core/config/reader.h"

namespace latchkey::config {
namespace {

TEST(KeyTable, EachKeyHasOneRowAndAMeaning) {
  std::set<std::string> seen;
  for (const auto& key : keys()) {
    EXPECT_TRUE(seen.insert(path(key)).second) << path(key);
    EXPECT_FALSE(key.meaning.empty()) << path(key);
    EXPECT_TRUE(key.meaning.ends_with('.')) << path(key);
    EXPECT_EQ(find_key(key.section, key.name), &key);
    EXPECT_FALSE(type_text(key).empty()) << path(key);
    EXPECT_LE(key.range.least, key.range.most) << path(key);
  }
  EXPECT_GT(seen.size(), 45U);
}

TEST(KeyTable, EveryDefaultIsAValueOfItsKey) {
  Config config;
  Reader reader(config);
  const SourceText text{
      "f", "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ a ] } ]\n"};
  reader.read(text.name, parse_yaml(text).value(), true);
  for (const auto& error : reader.errors()) ADD_FAILURE() << describe(error);
}

// A configuration in which the key stands with the value.
std::string with(const Key& key, std::string_view value) {
  const auto line = std::string(key.name) + ": " + std::string(value) + "\n";
  const auto set = [&](Section section, const std::string& indent) {
    return key.section == section ? indent + line : std::string();
  };
  const auto unless = [&](Section section, std::string_view name, const std::string& text) {
    return key.section == section && key.name == name ? std::string() : text;
  };
  const auto wrap = [&](Section section, const std::string& head, const std::string& indent) {
    const auto inner = set(section, indent);
    return inner.empty() ? inner : head + inner;
  };
  std::string out = unless(Section::root, "version", "version: 1\n") + set(Section::root, "");
  out += wrap(Section::budgets, "budgets:\n", "  ");
  out += wrap(Section::sessions, "sessions:\n", "  ");
  out += wrap(Section::accounts, "accounts:\n", "  ");
  out += "issuers:\n  -\n" + unless(Section::issuer, "name", "    name: corp\n");
  out += unless(Section::issuer, "issuer", "    issuer: https://id.example.com/realms/x\n");
  out +=
      unless(Section::issuer, "audiences", "    audiences: [ a ]\n") + set(Section::issuer, "    ");
  // Keys that need one another.
  if (key.name == "symmetric_key_file") out += "    symmetric_algorithm: HS256\n";
  if (key.name == "symmetric_algorithm") out += "    symmetric_key_file: /k\n";
  if (key.section == Section::issuer && key.name.starts_with("introspection")) {
    const auto secret = "    introspection_client: { client_id: c, secret_file: /s }\n";
    out += unless(Section::issuer, "introspection", "    introspection: required\n");
    out += unless(Section::issuer, "introspection_client", secret);
  }
  if (key.section == Section::introspection_client) {
    const bool secret = key.name == "secret_file" || key.name == "client_id";
    out += "    introspection: required\n    introspection_client:\n" +
           set(Section::introspection_client, "      ") +
           unless(Section::introspection_client, "client_id", "      client_id: c\n");
    if (secret) {
      out += unless(Section::introspection_client, "secret_file", "      secret_file: /s\n");
    } else {
      out += unless(Section::introspection_client, "authentication",
                    "      authentication: private_key_jwt\n") +
             unless(Section::introspection_client, "key_file", "      key_file: /k\n");
    }
  }
  if (key.section == Section::opaque_tokens) {
    out +=
        "    introspection: opaque_only\n    introspection_client: { client_id: c, secret_file: "
        "/s }\n    opaque_tokens:\n" +
        set(Section::opaque_tokens, "      ");
  }
  out += wrap(Section::user, "    user:\n", "      ");
  if (key.section == Section::user && key.name == "table_claim")
    out += "      table: { a: [ b ] }\n";
  if (key.section == Section::groups) {
    out += "    groups:\n" + set(Section::groups, "      ");
    out += unless(Section::groups, "claim", "      claim: g\n") +
           unless(Section::groups, "map", "      map: { a: [ sre ] }\n");
  }
  if (key.section == Section::revocation) out += "revocation:\n  " + line;
  if (key.section == Section::revocation_list) {
    const auto of = [&](std::string_view name, const std::string& text) {
      return unless(Section::revocation_list, name, "      " + std::string(name) + text);
    };
    out += "revocation:\n  lists:\n    -\n" + set(Section::revocation_list, "      ") +
           of("name", ": fleet\n") + of("issuer", ": https://lists.example.com/corp\n") +
           of("url", ": https://lists.example.com/corp/list.jwt\n") +
           (key.name == "keys" ? "" : of("keys_file", ": /k\n"));
  }
  if (key.section == Section::revocation_stream) {
    const auto of = [&](std::string_view name, const std::string& text) {
      return unless(Section::revocation_stream, name, "      " + std::string(name) + text);
    };
    out += "revocation:\n  streams:\n    -\n" + set(Section::revocation_stream, "      ") +
           of("name", ": now\n") + of("issuer", ": https://fleet.example.com/revocations\n") +
           of("server", ": unix:///run/redis.sock\n") +
           (key.name == "keys" ? "" : of("keys_file", ": /k\n"));
  }
  if (key.section == Section::revocation_status_list) {
    const auto of = [&](std::string_view name, const std::string& text) {
      return unless(Section::revocation_status_list, name, "      " + std::string(name) + text);
    };
    out += "revocation:\n  status_lists:\n    -\n" +
           set(Section::revocation_status_list, "      ") + of("name", ": corp-status\n") +
           of("issuers", ": [ corp ]\n") + of("uris", ": [ \"https://status.example.com/\" ]\n");
  }
  if (key.section == Section::revocation_events) {
    const auto of = [&](std::string_view name, const std::string& text) {
      return unless(Section::revocation_events, name, "      " + std::string(name) + text);
    };
    out += "revocation:\n  events:\n    -\n" + set(Section::revocation_events, "      ") +
           of("name", ": corp-events\n") + of("issuer", ": corp\n") + of("audience", ": a\n") +
           of("endpoint", ": https://id.example.com/poll\n") + of("token_file", ": /t\n");
  }
  out += "access:\n  -\n" + unless(Section::rule, "services", "    services: [ sshd ]\n") +
         set(Section::rule, "    ");
  const bool allow = key.section == Section::allow;
  out += allow || key.section == Section::deny
             ? std::string(allow ? "    allow" : "    deny") + ":\n      " + line
             : "    allow: { anyone: true }\n";
  return out;
}

TEST(KeyTable, EveryExampleParsesAndChangesTheDump) {
  for (const auto& key : keys()) {
    if (std::holds_alternative<SectionSlot>(key.slot) ||
        std::holds_alternative<SectionListSlot>(key.slot))
      continue;
    ASSERT_FALSE(key.example.empty()) << path(key);
    const std::vector<SourceText> sources = {{"f", with(key, key.example)}};
    const auto config = parse(sources);
    if (!config) {
      for (const auto& error : config.error())
        ADD_FAILURE() << path(key) << ": " << describe(error) << '\n' << sources[0].text;
      continue;
    }
    EXPECT_NE(dump(*config).find(std::string(key.name) + ':'), std::string::npos) << path(key);
  }
}

// What is of another kind than the key's value is refused, for every key and every kind.
TEST(KeyTable, EveryKeyRefusesWhatItIsNot) {
  for (const auto& key : keys()) {
    if (key.section == Section::root && key.name == "issuers") continue;  // with() writes it
    if (key.section == Section::root && key.name == "access") continue;
    if (key.section == Section::rule && (key.name == "allow" || key.name == "deny")) continue;
    for (const std::string value :
         {"", "~", "[ [ a ] ]", "{ a: { b: c } }", "\"a\\tb\"", "[ \"a\\tb\" ]", "-1", "1s1"}) {
      const bool text =
          std::holds_alternative<Slot<std::string>>(key.slot) || has(key.rule, Rule::alone);
      if (text && (value == "-1" || value == "1s1")) continue;
      const std::vector<SourceText> sources = {{"f", with(key, value)}};
      EXPECT_FALSE(parse(sources)) << path(key) << ": " << value;
    }
  }
}

TEST(KeyTable, EveryRangeHoldsAtItsEnds) {
  for (const auto& key : keys()) {
    if (range_text(key).empty()) continue;
    const bool count = std::holds_alternative<Slot<std::size_t>>(key.slot);
    const bool fine = std::holds_alternative<Slot<std::chrono::milliseconds>>(key.slot);
    const std::int64_t step = count || fine ? 1 : 1'000;
    const auto error_about = [&](std::int64_t value) {
      const auto text =
          count ? std::to_string(value) : std::to_string(value / step) + (fine ? "ms" : "s");
      const std::vector<SourceText> sources = {{"f", with(key, text)}};
      const auto config = parse(sources);
      if (config) return false;
      // Checks across keys may have something to say at the ends; the range speaks of its own key.
      for (const auto& error : config.error()) {
        if (error.message.starts_with('\'' + path(key) + "': expected")) return true;
      }
      return false;
    };
    EXPECT_FALSE(error_about(key.range.least)) << path(key);
    EXPECT_FALSE(error_about(key.range.most)) << path(key);
    EXPECT_TRUE(error_about(key.range.most + step)) << path(key);
    if (key.range.least > 0) {
      EXPECT_TRUE(error_about(key.range.least - step)) << path(key);
    }
  }
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string_view> names = {"leeway", "issuer", "max_token_age"};
  EXPECT_EQ(nearest("leway", names), "leeway");
  EXPECT_EQ(nearest("leeways", names), "leeway");
  EXPECT_EQ(nearest("max-token-age", names), "max_token_age");
  EXPECT_EQ(nearest("colour", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(10'000, 'x'), names), "");
}

}  // namespace
}  // namespace latchkey::config
