// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/list_chunk.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const jose::Sha256& sha256() {
  static const jose::Sha256 kSha256;
  return kSha256;
}

std::string unhex(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return out;
}

// As a manifest would name these bytes.
ListChunk named(const std::string& bytes, std::optional<EntryKind> kind, std::uint64_t entries,
                bool remove = false) {
  return {.sha256 = hex_sha256(bytes, sha256()),
          .size = bytes.size(),
          .entries = entries,
          .kind = kind,
          .remove = remove,
          .end = WallTime(1h)};
}

std::string digest(char last) { return std::string(15, '\x80') + last; }

std::string moment(std::int64_t milliseconds) {
  std::string out;
  for (int i = 0; i < 8; ++i)
    out += static_cast<char>(static_cast<std::uint64_t>(milliseconds) >> (8 * i) & 0xff);
  return out;
}

std::string reason(char kind, char last, const std::string& text) {
  return kind + digest(last) + static_cast<char>(text.size()) + text;
}

// The chunks of docs/REVOCATION-LIST.md, which list_vectors.py made.
TEST(ListChunk, OfThePageSaysWhatThePageSays) {
  const std::vector<std::pair<std::string, std::string>> page = {
      {"2dddfefeec5e92784614c5cf41128977a4c102a223df356ccc2b5b114357c181",
       "04feda62bc5ba0b27357d79624c7fb471a73256c5ecc2abef3b885ae3637cbc3"},
      {"9db7b3831629a1246c68af3aed8181ca63b6424f8fc8b596adda6343a19487a1",
       "5614b538ce2542bf985d80e49425b537009e55ca9a010000"},
      {"131029683e9865569074a6e128786774d508fb11f2c9fd921a137faad7e62512",
       "001a73256c5ecc2abef3b885ae3637cbc3106c6170746f702031372073746f6c656e"},
      {"4572b83814cd73a2b45002b3200ff90cbee8ef56cd26887d470377b12c5443d5",
       "04feda62bc5ba0b27357d79624c7fb47"},
  };
  for (const auto& [name, hex] : page) EXPECT_EQ(hex_sha256(unhex(hex), sha256()), name);
  const auto all = [](const std::string& hex, EntryKind kind, std::uint64_t entries) {
    const std::string bytes = unhex(hex);
    const ListChunk chunk = named(bytes, kind, entries);
    std::vector<Entry> out;
    const auto checked = check_chunk(chunk, bytes, sha256());
    if (checked) checked->each_entry([&](const Entry& entry) { out.push_back(entry); });
    return out;
  };
  const Names names;
  const std::string issuer = "https://id.example.com/realms/corp";
  const auto tokens = all(page[0].second, EntryKind::token, 2);
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[0].digest, names.digest(EntryKind::token, issuer, "Zürich").value());
  EXPECT_EQ(tokens[0].end, WallTime(1h));
  const auto subjects = all(page[1].second, EntryKind::subject, 1);
  ASSERT_EQ(subjects.size(), 1U);
  EXPECT_EQ(subjects[0].digest, names.digest(EntryKind::subject, issuer, "248289761001").value());
  EXPECT_EQ(subjects[0].before, WallTime(1'764'331'200'000ms));
  const std::string bytes = unhex(page[2].second);
  const ListChunk why = named(bytes, std::nullopt, 1);
  const auto reasons = check_chunk(why, bytes, sha256()).value().reasons();
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].text, "laptop 17 stolen");
  EXPECT_EQ(reasons[0].kind, EntryKind::token);
}

struct Case {
  std::string name;
  std::string bytes;
  std::optional<EntryKind> kind;
  std::uint64_t entries;
  bool good;
};

TEST(ListChunk, IsRefusedWhereItIsNotInRisingOrder) {
  const std::vector<Case> cases = {
      {"rising", digest('a') + digest('b'), EntryKind::token, 2, true},
      {"by unsigned bytes", digest('\x7f') + digest('\x80'), EntryKind::token, 2, true},
      {"falling", digest('b') + digest('a'), EntryKind::token, 2, false},
      {"twice the same", digest('a') + digest('a'), EntryKind::token, 2, false},
      {"falling at the end", digest('a') + digest('c') + digest('b'), EntryKind::token, 3, false},
      {"subjects", digest('a') + moment(9) + digest('b') + moment(0), EntryKind::subject, 2, true},
      {"subjects by their digests alone", digest('a') + moment(0) + digest('a') + moment(1),
       EntryKind::subject, 2, false},
      {"a moment before 1970", digest('a') + moment(-1), EntryKind::subject, 1, false},
      {"reasons", reason(0, 'a', "x") + reason(0, 'b', "y") + reason(1, 'a', "z"), std::nullopt, 3,
       true},
      {"reasons falling", reason(0, 'b', "x") + reason(0, 'a', "y"), std::nullopt, 2, false},
      {"reasons of falling kinds", reason(1, 'a', "x") + reason(0, 'b', "y"), std::nullopt, 2,
       false},
      {"a reason twice", reason(0, 'a', "x") + reason(0, 'a', "y"), std::nullopt, 2, false},
      {"a reason of no kind", reason(6, 'a', "x"), std::nullopt, 1, false},
      {"a reason of the last kind", reason(5, 'a', "x"), std::nullopt, 1, true},
      {"an empty reason", reason(0, 'a', "xy") + reason(0, 'b', ""), std::nullopt, 2, false},
      {"the longest reason", reason(0, 'a', std::string(255, 'x')), std::nullopt, 1, true},
      {"a reason with a line feed", reason(0, 'a', "x\ny"), std::nullopt, 1, false},
      {"a reason with an escape", reason(0, 'a', "\x1b[2J"), std::nullopt, 1, false},
      {"a reason with DEL", reason(0, 'a', "\x7f"), std::nullopt, 1, false},
      {"a reason in umlauts", reason(0, 'a', "gestohlen in Zürich"), std::nullopt, 1, true},
      {"a cut reason", reason(0, 'a', "xyz") + reason(0, 'b', "xyz").substr(0, 20), std::nullopt, 2,
       false},
      {"a cut head", reason(0, 'a', "xyz") + "\x01"s, std::nullopt, 1, false},
      {"more reasons than named", reason(0, 'a', std::string(40, 'x')) + reason(0, 'b', "y"),
       std::nullopt, 1, false},
      {"fewer reasons than named", reason(0, 'a', std::string(40, 'x')), std::nullopt, 2, false},
  };
  for (const auto& c : cases) {
    const ListChunk chunk = named(c.bytes, c.kind, c.entries);
    const auto checked = check_chunk(chunk, c.bytes, sha256());
    EXPECT_EQ(checked.has_value(), c.good) << c.name;
    if (!checked) {
      EXPECT_EQ(checked.error().fault, ListFault::chunk) << c.name;
    }
  }
}

TEST(ListChunk, IsRefusedWhereItIsNotTheOneThatIsNamed) {
  const std::string bytes = digest('a') + digest('b');
  const ListChunk chunk = named(bytes, EntryKind::token, 2);
  EXPECT_TRUE(check_chunk(chunk, bytes, sha256()));
  EXPECT_FALSE(check_chunk(chunk, "", sha256()));
  EXPECT_FALSE(check_chunk(chunk, bytes.substr(16), sha256()));
  EXPECT_FALSE(check_chunk(chunk, digest('a') + digest('c'), sha256()));
  ListChunk larger = chunk;
  larger.size = 48;
  EXPECT_FALSE(check_chunk(larger, bytes, sha256()));
  ListChunk more = chunk;
  more.entries = 3;
  EXPECT_FALSE(check_chunk(more, bytes, sha256()));
}

TEST(ListChunk, ReadsBackWhatWasAppended) {
  const Entry subject{.kind = EntryKind::subject,
                      .digest = {1, 2, 3},
                      .before = WallTime(5ms),
                      .end = WallTime(1h)};
  std::string bytes;
  append_record(subject, false, bytes);
  const ListChunk chunk = named(bytes, EntryKind::subject, 1);
  std::vector<Entry> all;
  check_chunk(chunk, bytes, sha256()).value().each_entry([&](const Entry& each) {
    all.push_back(each);
  });
  EXPECT_EQ(all, std::vector<Entry>{subject});
  bytes.clear();
  append_record(subject, true, bytes);
  EXPECT_EQ(bytes.size(), 16U);
  bytes.clear();
  append_reason({EntryKind::user, {9}, "x"}, bytes);
  const ListChunk why = named(bytes, std::nullopt, 1);
  const auto reasons = check_chunk(why, bytes, sha256()).value().reasons();
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].kind, EntryKind::user);
  EXPECT_EQ(reasons[0].digest, NameDigest{9});
  EXPECT_EQ(reasons[0].text, "x");
}

}  // namespace
}  // namespace latchkey::revocation
