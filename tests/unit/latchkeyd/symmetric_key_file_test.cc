// SPDX-License-Identifier: Apache-2.0
//
// The key keeper over an issuer's symmetric key file.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "daemon/latchkeyd/service/key_keeper.h"
#include "tests/support/memory_scan.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using latchkey::testing::places_in_memory;
using std::chrono::hours;
using std::chrono::seconds;
using testing::config_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::issuer_config;
using ::testing::SizeIs;

// As where others of the process hold all that it may have.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class SymmetricKeyFileTest : public ::testing::Test {
 protected:
  void write_key(const std::string& secret, unsigned mode = 0600) {
    std::ofstream(file) << latchkey::testing::oct_jwk(secret);
    std::filesystem::permissions(file, std::filesystem::perms(mode));
  }
  std::vector<IssuerKeys> configure(
      jose::SymmetricAlgorithm algorithm = jose::SymmetricAlgorithm::hs256) {
    auto corp = issuer_config("corp");
    corp.discovery_url.clear();
    corp.symmetric_key_file = file;
    corp.symmetric_algorithm = algorithm;
    return keeper.configure(config_of({corp}));
  }
  void look_again() {
    clock.advance(seconds(30));
    keeper.tick();
  }
  void request(std::uint64_t seen) {
    keeper.request("corp", seen, [this](KeysOutcome outcome) { outcomes.push_back(outcome); });
  }
  KeyState state() { return keeper.states().at(0); }

  testing::FakeClock clock;
  testing::FakeJournal journal;
  testing::FakeFetcher fetcher;
  testing::FakeStorage storage;
  std::vector<std::vector<IssuerKeys>> published;
  std::vector<KeysOutcome> outcomes;
  testing::TempDir folder;
  std::string file = folder / "corp.jwk";
  KeyKeeper keeper{clock,
                   journal,
                   fetcher,
                   storage,
                   {[this](std::vector<IssuerKeys> keys, const std::function<void()>& done) {
                      published.push_back(std::move(keys));
                      done();
                    },
                    [] {},
                    {},
                    [] { return 0U; }}};
};

TEST_F(SymmetricKeyFileTest, KeyIsThereAtOnceAndStaysWhatItIs) {
  write_key(std::string(32, 's'));
  const auto keys = configure();
  ASSERT_NE(keys[0].symmetric, nullptr);
  EXPECT_EQ(keys[0].keys, nullptr) << "no set, and nothing that could be taken for one";
  EXPECT_EQ(state().origin, KeyState::Origin::file);
  clock.advance(hours(48));
  keeper.tick();
  EXPECT_TRUE(fetcher.requests.empty());
  EXPECT_TRUE(published.empty()) << "the file is the same";
  EXPECT_TRUE(storage.stored.empty()) << "a secret is not copied";
}

TEST_F(SymmetricKeyFileTest, ChangedFileIsAnotherKey) {
  write_key(std::string(32, 's'));
  const auto before = configure()[0];
  write_key(std::string(33, 't'));
  look_again();
  ASSERT_EQ(published.size(), 1U);
  EXPECT_NE(state().keys.symmetric, before.symmetric);
  EXPECT_GT(state().keys.generation, before.generation);
  write_key(std::string(34, 'u'));
  request(state().keys.generation);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::newer)) << "for an unknown kid it is read at once";
}

TEST_F(SymmetricKeyFileTest, BadFileLeavesTheLastGoodKeyAndSaysWhyWithoutIt) {
  write_key(std::string(32, 's'));
  configure();
  write_key(std::string(31, 't'));
  look_again();
  EXPECT_TRUE(published.empty());
  EXPECT_NE(state().keys.symmetric, nullptr);
  EXPECT_THAT(state().last_error.value_or(""), HasSubstr("the key has 31 bytes, HS256 needs 32"));
  EXPECT_THAT(journal.text(), ::testing::Not(HasSubstr("dHR0"))) << "a part of the key";
}

// An error that says nothing about the file must not leave the old key at work for ever.
TEST_F(SymmetricKeyFileTest, FileThatCouldNotBeReadForLackOfDescriptorsIsReadWhenThereAreSome) {
  write_key(std::string(32, 's'));
  const std::uint64_t before = configure()[0].generation;
  write_key(std::string(33, 't'));
  {
    const NoDescriptors none;
    request(before);
    request(before);
  }
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::unchanged, KeysOutcome::unchanged));
  EXPECT_THAT(state().last_error.value_or(""), HasSubstr("Too many open files"));
  EXPECT_EQ(journal.count("Too many open files"), 1U) << "it is asked for by anybody";
  request(before);
  EXPECT_EQ(state().keys.generation, before) << "not more often than once a second";
  clock.advance(seconds(1));
  request(before);
  EXPECT_THAT(outcomes.back(), KeysOutcome::newer);
  EXPECT_FALSE(state().last_error);
}

TEST_F(SymmetricKeyFileTest, FileThatIsTakenAwayOrLetOthersReadWithdrawsTheKeyAtTheNextLook) {
  struct Case {
    const char* name;
    std::function<void(const std::string&)> deed;
    const char* why;
  };
  const auto mode = [](unsigned bits) {
    return [bits](const std::string& path) { ::chmod(path.c_str(), bits); };
  };
  const std::vector<Case> cases = {
      {"gone", [](const std::string& path) { ::unlink(path.c_str()); }, "No such file"},
      {"read by others", mode(0644), "may be read by others"},
      {"written by others", mode(0602), "may be written by others"},
      {"a folder",
       [](const std::string& path) {
         ::unlink(path.c_str());
         ::mkdir(path.c_str(), 0700);
       },
       "is not a plain file"},
      {"another's", [](const std::string& path) { EXPECT_EQ(::chown(path.c_str(), 12'345, 0), 0); },
       "belongs to uid 12345"}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    if (::geteuid() != 0 && std::string_view(test.name) == "another's") continue;
    std::filesystem::remove(file);
    write_key(std::string(32, 's'));
    keeper.configure(config_of({issuer_config("other")}));
    const std::uint64_t before = configure()[0].generation;
    published.clear();
    test.deed(file);
    look_again();
    ASSERT_EQ(published.size(), 1U);
    EXPECT_EQ(published.back()[0].symmetric, nullptr);
    EXPECT_GT(published.back()[0].generation, before);
    EXPECT_THAT(state().last_error.value_or(""), HasSubstr(test.why));
    EXPECT_EQ(state().origin, KeyState::Origin::none);
    std::filesystem::remove(file);
    write_key(std::string(32, 's'));
    look_again();
    EXPECT_NE(published.back()[0].symmetric, nullptr) << "the good file serves again";
  }
}

TEST_F(SymmetricKeyFileTest, FileThatStaysUnparsableServesNoLongerThanAProviderThatIsAway) {
  write_key(std::string(32, 's'));
  configure();
  std::ofstream(file) << "half a k";
  look_again();
  EXPECT_THAT(state().last_error.value_or(""), HasSubstr(file));
  const auto max_stale = issuer_config("corp").max_stale;
  clock.advance(max_stale - seconds(1));
  keeper.tick();
  EXPECT_NE(state().keys.symmetric, nullptr);
  EXPECT_TRUE(published.empty());
  clock.advance(seconds(30));
  keeper.tick();
  EXPECT_EQ(state().keys.symmetric, nullptr);
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published.back()[0].symmetric, nullptr);
}

TEST_F(SymmetricKeyFileTest, ReloadReadsTheFileWithoutWaitingForTheNextLook) {
  write_key(std::string(32, 's'));
  const auto before = configure()[0];
  write_key(std::string(32, 't'));
  ASSERT_TRUE(keeper.read_files_again());
  ASSERT_EQ(published.size(), 1U);
  EXPECT_NE(published.back()[0].symmetric, before.symmetric);
}

TEST_F(SymmetricKeyFileTest, AnotherAlgorithmAsksTheFileAgain) {
  write_key(std::string(48, 's'));
  EXPECT_NE(configure()[0].symmetric, nullptr);
  const auto keys = configure(jose::SymmetricAlgorithm::hs384);
  ASSERT_NE(keys[0].symmetric, nullptr);
  EXPECT_EQ(keys[0].symmetric->algorithm(), jose::SymmetricAlgorithm::hs384);
  EXPECT_EQ(configure(jose::SymmetricAlgorithm::hs512)[0].symmetric, nullptr);
}

TEST_F(SymmetricKeyFileTest, FileThatOthersMayReadIsRefused) {
  struct Case {
    unsigned mode;
    unsigned group;
    const char* why;  // null: taken
  };
  constexpr unsigned kAnother = 12'345;
  const unsigned own = ::getegid();
  const Case cases[] = {{0600, own, nullptr},
                        {0400, own, nullptr},
                        {0640, own, nullptr},
                        {0440, 0, nullptr},
                        {0600, kAnother, nullptr},
                        {0640, kAnother, "may be read by the group 12345"},
                        {0644, own, "may be read by others (mode 0644)"},
                        {0604, own, "may be read by others (mode 0604)"},
                        {0601, own, "may be read by others (mode 0601)"},
                        {0660, own, "may be written by others"}};
  for (const Case& c : cases) {
    if (c.group != own && ::geteuid() != 0) continue;
    write_key(std::string(32, 's'), c.mode);
    ASSERT_EQ(::chown(file.c_str(), static_cast<uid_t>(-1), c.group), 0);
    keeper.configure(config_of({issuer_config("other")}));  // forgets what was read
    const auto keys = configure();
    EXPECT_EQ(keys[0].symmetric != nullptr, c.why == nullptr) << std::oct << c.mode;
    EXPECT_THAT(state().last_error.value_or(""), HasSubstr(c.why == nullptr ? "" : c.why));
  }
}

// A key of 32 random bytes, made and written by another process: what that leaves in its memory is
// not in this one's. Here it is known with its bits turned only.
struct HiddenKey {
  std::string bytes;
  std::string encoded;
};

void make_key(const char* file, int out) {
  std::array<std::uint8_t, 32> key{};
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) return;
  const std::string encoded = jose::encode_base64url(key);
  const std::string jwk = R"({"kty":"oct","k":")" + encoded + "\"}";
  const int jwk_file = ::open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (::write(jwk_file, jwk.data(), jwk.size()) != static_cast<ssize_t>(jwk.size())) return;
  const std::string bytes(key.begin(), key.end());
  const std::string told = latchkey::testing::turned(bytes + encoded);
  static_cast<void>(::write(out, told.data(), told.size()));
}

HiddenKey make_key_elsewhere(const std::string& file) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    make_key(file.c_str(), ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string told(32 + 43, '\0');
  const ssize_t size = ::read(ends[0], told.data(), told.size());
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (size != static_cast<ssize_t>(told.size())) return {};
  return {told.substr(0, 32), told.substr(32)};
}

TEST_F(SymmetricKeyFileTest, SecretLiesInOneContextOfOpenSslAndNowhereElse) {
  if (!latchkey::testing::kMemoryCanBeScanned) GTEST_SKIP() << "a sanitizer's shadow is memory too";
  const HiddenKey key = make_key_elsewhere(file);
  ASSERT_EQ(key.encoded.size(), 43U);
  ASSERT_THAT(places_in_memory(key.bytes), IsEmpty()) << "the test has it";
  ASSERT_THAT(places_in_memory(key.encoded), IsEmpty()) << "the test has it";
  ASSERT_NE(configure()[0].symmetric, nullptr) << state().last_error.value_or("");
  EXPECT_THAT(places_in_memory(key.encoded), IsEmpty());
  EXPECT_THAT(places_in_memory(key.bytes), SizeIs(4)) << "its four pieces, once";
  published.clear();
  keeper.configure(config_of({issuer_config("other")}));
  EXPECT_THAT(places_in_memory(key.bytes), IsEmpty()) << "it outlived its issuer";
}

}  // namespace
}  // namespace latchkey::latchkeyd
