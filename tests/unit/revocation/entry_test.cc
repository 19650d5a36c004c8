// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/entry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace latchkey::revocation {
namespace {

const std::string kIssuer = "https://id.example.com/realms/corp";

std::string hex(const std::optional<NameDigest>& digest) {
  if (!digest) return "none";
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const auto byte : *digest) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

// The test vectors of docs/REVOCATION-LIST.md, which list_vectors.py made.
TEST(Names, AreDigestedAsTheListsSay) {
  struct Case {
    std::string name;
    EntryKind kind;
    std::string issuer;
    std::string value;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"a token by its id", EntryKind::token, "https://id.example.com/realms/corp",
       "5a0f2c9e-6a0b-4a53-9a3c-3f2f1c0d9b11", "1a73256c5ecc2abef3b885ae3637cbc3"},
      {"an id that is not ASCII", EntryKind::token, "https://id.example.com/realms/corp", "Zürich",
       "04feda62bc5ba0b27357d79624c7fb47"},
      {"another cut between issuer and id", EntryKind::token, "https://id.example.com/realms/corpZ",
       "ürich", "957e54fdfb456e9d72f76032acb5aed9"},
      {"a session", EntryKind::session, "https://id.example.com/realms/corp",
       "08a5019c-17e1-4977-8f42-65a12843ea02", "a809ca52d3e49320a00fd921df5baf17"},
      {"a subject", EntryKind::subject, "https://id.example.com/realms/corp", "248289761001",
       "5614b538ce2542bf985d80e49425b537"},
      {"a user", EntryKind::user, "", "alice", "c450633b20755e4e5419da764066690b"},
  };
  const Names names;
  for (const auto& c : cases)
    EXPECT_EQ(hex(names.digest(c.kind, c.issuer, c.value)), c.want) << c.name;
}

TEST(Names, OfAUserAreOfNoIssuer) {
  const Names names;
  EXPECT_EQ(names.digest(EntryKind::user, kIssuer, "alice"),
            names.digest(EntryKind::user, "", "alice"));
}

TEST(Names, DifferByTheirKind) {
  const Names names;
  const auto token = names.digest(EntryKind::token, kIssuer, "x");
  EXPECT_NE(token, names.digest(EntryKind::session, kIssuer, "x"));
  EXPECT_NE(token, names.digest(EntryKind::subject, kIssuer, "x"));
}

// Short ones are put together on the way, and long ones are not.
TEST(Names, AreDigestedAlikeWhateverTheirLength) {
  const Names names;
  const jose::Sha256 sha256;
  const auto issuer = sha256({kIssuer}).value();
  const std::string who(reinterpret_cast<const char*>(issuer.data()), 16);
  for (const std::size_t size : {1U, 110U, 111U, 112U, 5'000U}) {
    const std::string value(size, 'x');
    const auto whole = sha256({"t" + who + value}).value();
    NameDigest want;
    std::copy_n(whole.begin(), want.size(), want.begin());
    EXPECT_EQ(names.digest(EntryKind::token, kIssuer, value), want) << size;
  }
}

TEST(Names, AreNoneOfWhatNamesNothing) {
  const Names names;
  EXPECT_FALSE(names.digest(EntryKind::token, kIssuer, ""));
  EXPECT_FALSE(names.digest(EntryKind::key, kIssuer, "x"));
  EXPECT_FALSE(names.digest(EntryKind::token_hash, kIssuer, "x"));
}

// More than it keeps the digests of.
TEST(Names, AreTheSameForTheFirstIssuerAndTheHundredth) {
  const Names many;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) {
      const std::string issuer = kIssuer + std::to_string(i);
      EXPECT_EQ(many.digest(EntryKind::token, issuer, "x"),
                Names().digest(EntryKind::token, issuer, "x"))
          << i;
    }
  }
}

TEST(TokenHash, IsTheFirstHalfOfTheTokensDigest) {
  const std::string whole = "4badc4f0c891b654107a33eb52b94a3d31ef3bd9dbba322958019ad1a9cc07bb";
  EXPECT_EQ(hex(digest_of_token_hash(whole)), "4badc4f0c891b654107a33eb52b94a3d");
  EXPECT_FALSE(digest_of_token_hash(whole.substr(1)));
  EXPECT_FALSE(digest_of_token_hash(whole + "0"));
  EXPECT_FALSE(digest_of_token_hash(""));
  EXPECT_FALSE(digest_of_token_hash("A" + whole.substr(1)));
  EXPECT_FALSE(digest_of_token_hash(whole.substr(1) + "g"));
}

TEST(Key, IsTheFirstHalfOfItsThumbprint) {
  const std::string thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
  EXPECT_EQ(hex(digest_of_key(thumbprint)), "90facafea9b1556698540f70c0117a22");
  EXPECT_FALSE(digest_of_key(thumbprint.substr(1)));
  EXPECT_FALSE(digest_of_key(thumbprint + "A"));
  EXPECT_FALSE(digest_of_key("=" + thumbprint.substr(1)));
  EXPECT_FALSE(digest_of_key(""));
}

TEST(EntryKind, HasANameAndIsFoundByIt) {
  for (std::size_t i = 0; i < kEntryKinds; ++i) {
    const auto kind = static_cast<EntryKind>(i);
    EXPECT_EQ(find_entry_kind(entry_kind_name(kind)), kind);
  }
  EXPECT_FALSE(find_entry_kind("kid"));
  EXPECT_FALSE(find_entry_kind(""));
}

}  // namespace
}  // namespace latchkey::revocation
