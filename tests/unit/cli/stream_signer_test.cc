// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/stream_signer.h"

#include <gtest/gtest.h>

#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"

namespace latchkey::cli {
namespace {

using namespace std::chrono_literals;
using jose::KeyMaterial;
using revocation::EntryKind;
using revocation::StreamItem;

constexpr WallTime kNow{1'764'331'260s};
constexpr std::string_view kStream = "https://fleet.example.com/revocations";

StreamItem some_item() {
  StreamItem item{.issued_at = kNow, .seq = 8, .prev = 7};
  item.entries.push_back({{.kind = EntryKind::user, .digest = {1, 2, 3}}, "left the company"});
  return item;
}

std::string error_of(const StreamItem& item, std::string_view name, const KeyMaterial& key) {
  const auto token = sign_stream_item(item, name, key);
  return token ? "" : token.error();
}

TEST(StreamSigner, SignsWhatAReaderTakesWithEveryKindOfKey) {
  for (const auto& order : {jose::KeyOrder{.kind = jose::KeyKind::rsa, .bits = 2'048},
                            jose::KeyOrder{.kind = jose::KeyKind::ec, .curve = "P-384"},
                            jose::KeyOrder{.kind = jose::KeyKind::okp}}) {
    const auto key = KeyMaterial::generate(order).value();
    const auto token = sign_stream_item(some_item(), kStream, key);
    ASSERT_TRUE(token) << token.error();
    const auto keys = jose::JwkSet::parse(
        "{\"keys\":[" + key.public_jwk({.kid = *key.thumbprint()}).value() + "]}");
    jose::Scratch scratch;
    const auto read = revocation::read_stream_item(*token, {kStream, *keys}, kNow, scratch);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->seq, 8U);
    EXPECT_EQ(read->prev, 7U);
    EXPECT_EQ(read->key_id, *key.thumbprint());
    EXPECT_EQ(read->entries[0].entry, some_item().entries[0].entry);
    EXPECT_EQ(read->entries[0].reason, "left the company");
  }
}

TEST(StreamSigner, SignsNothingThatNoReaderWouldTake) {
  const auto key = KeyMaterial::generate({.kind = jose::KeyKind::okp}).value();
  EXPECT_EQ(error_of(some_item(), kStream, key), "");
  StreamItem backwards = some_item();
  backwards.prev = 8;
  EXPECT_EQ(error_of(backwards, kStream, key), "no reader would take the item: 'prev' is 8");
  StreamItem silent = some_item();
  silent.entries.clear();
  EXPECT_EQ(error_of(silent, kStream, key),
            "no reader would take the item: it has neither entries nor 'max_age'");
  StreamItem long_winded = some_item();
  long_winded.entries[0].reason = std::string(256, 'x');
  EXPECT_NE(error_of(long_winded, kStream, key), "");
  EXPECT_NE(error_of(some_item(), "", key), "") << "a stream without a name";
}

TEST(StreamSigner, SignsWithNoKeyThatNobodyShouldUse) {
  const auto weak = KeyMaterial::generate({.kind = jose::KeyKind::rsa, .bits = 1'024}).value();
  EXPECT_EQ(error_of(some_item(), kStream, weak),
            "no host takes this key: RSA of 1024 bits is too short");
  const auto secret = KeyMaterial::generate({.kind = jose::KeyKind::oct}).value();
  EXPECT_NE(error_of(some_item(), kStream, secret), "");
  const auto half =
      KeyMaterial::from_jwk(
          KeyMaterial::generate({.kind = jose::KeyKind::okp}).value().public_jwk({}).value())
          .value();
  EXPECT_EQ(error_of(some_item(), kStream, half), "the key cannot sign");
}

TEST(StreamSigner, NumbersItemsUpwardsWhateverTheNotesSay) {
  EXPECT_EQ(next_stream_seq(0, kNow), 1'764'331'260'000'000U);
  EXPECT_EQ(next_stream_seq(1'764'331'260'000'000U, kNow), 1'764'331'260'000'001U);
  EXPECT_EQ(next_stream_seq(5, WallTime(-1s)), 6U) << "a clock that was never set";
}

}  // namespace
}  // namespace latchkey::cli
