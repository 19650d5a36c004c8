// SPDX-License-Identifier: Apache-2.0
//
// Keys that sign lists, in the sets of issuers: they verify no token, wherever the set is from.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/key_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using testing::config_of;
using ::testing::ElementsAre;
using testing::issuer_config;
using testing::kKeysOne;
using testing::kKeysTwo;

class KeyBarsTest : public key_keeper_test::KeyKeeperTest {
 protected:
  // Both keys, and one that is of no use.
  static std::string both() {
    const auto inner = [](const std::string& set) {
      return set.substr(set.find('[') + 1, set.rfind(']') - set.find('[') - 1);
    };
    return R"({"keys":[)" + inner(kKeysOne) + "," + inner(kKeysTwo) +
           R"(,{"kty":"oct","kid":"secret","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}]})";
  }
  static std::vector<std::string> thumbprint(const std::string& set) {
    const auto parsed = jose::JwkSet::parse(set);
    return {std::string(parsed.value().keys().front().thumbprint())};
  }
  std::vector<std::string> kids() {
    std::vector<std::string> kids;
    for (const jose::Jwk& key : keeper().keys().at(0).keys->keys())
      kids.emplace_back(key.kid().value_or(""));
    return kids;
  }
  std::uint64_t generation() { return keeper().keys().at(0).generation; }
};

TEST_F(KeyBarsTest, ABarredKeyOfAFetchedSetIsDroppedAndTheOthersServe) {
  keeper().bar(thumbprint(kKeysTwo));
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer_ok(both());
  EXPECT_THAT(kids(), ElementsAre("one"));
  EXPECT_EQ(keeper().keys()[0].keys->dropped().size(), 1U)
      << "what is of no use anyway is as it was";
  ASSERT_EQ(state().barred.size(), 1U);
  EXPECT_EQ(state().barred.front().kid, "two");
  EXPECT_EQ(journal.count("a key of an issuer is refused"), 1U);
  // Nor does it verify one where an administrator asks with these keys.
  const auto served = jose::JwkSet::parse(keeper().served_document(state())).value();
  ASSERT_EQ(served.size(), 1U);
  EXPECT_EQ(served.keys()[0].kid(), "one");
}

TEST_F(KeyBarsTest, ABarComesAndGoesWithWhatIsAtHand) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer_ok(both());
  EXPECT_THAT(kids(), ElementsAre("one", "two"));
  std::uint64_t before = generation();
  EXPECT_TRUE(keeper().bar(thumbprint(kKeysOne)));
  EXPECT_THAT(kids(), ElementsAre("two"));
  EXPECT_GT(generation(), before) << "remembered tokens are looked at anew";
  before = generation();
  EXPECT_FALSE(keeper().bar(thumbprint(kKeysOne))) << "nothing is new";
  EXPECT_EQ(generation(), before);
  EXPECT_TRUE(keeper().bar({}));
  EXPECT_THAT(kids(), ElementsAre("one", "two"));
  EXPECT_TRUE(state().barred.empty());
}

TEST_F(KeyBarsTest, ASetThatStaysTheSameButForABarredKeyIsNoNewOne) {
  keeper().bar(thumbprint(kKeysTwo));
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer_ok(kKeysOne);
  const std::uint64_t before = generation();
  clock.advance(std::chrono::hours(12));
  keeper().tick();
  fetcher.answer_ok(both());
  EXPECT_EQ(generation(), before);
}

TEST_F(KeyBarsTest, ASetOnDiskIsBarredAsWell) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer_ok(both());
  KeyKeeper next(clock, journal, fetcher, storage,
                 {.publish = {}, .reload = {}, .random = [] { return 0U; }});
  next.bar(thumbprint(kKeysTwo));
  const auto keys = next.configure(config_of({issuer_config("corp")}));
  ASSERT_NE(keys.at(0).keys, nullptr);
  EXPECT_EQ(keys[0].keys->size(), 1U);
  EXPECT_NE(keys[0].keys->find_thumbprint(thumbprint(kKeysOne)[0]), nullptr);
}

}  // namespace
}  // namespace latchkey::latchkeyd
