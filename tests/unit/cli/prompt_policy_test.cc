// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/prompt_policy.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::cli {
namespace {

using Kind = PromptAnswer::Kind;

const std::string kDigest(64, 'a');
constexpr Asker kSsh{.pid = 100, .nested = false};

PromptPolicy policy_for(std::vector<std::string> hosts = {}) {
  return PromptPolicy({false, {{"alice", "web1"}}, std::move(hosts)});
}

TEST(PromptPolicy, gives_a_token_that_fits_as_it_is) {
  auto policy = policy_for();
  const auto answer =
      policy.answer("(alice@web1) Token [latchkey/1 1/? 1000]: ", kSsh, "a.b.c", kDigest);
  EXPECT_EQ(answer.kind, Kind::part);
  EXPECT_EQ(answer.text, "a.b.c");
}

TEST(PromptPolicy, gives_the_parts_in_order_and_they_join_to_the_token) {
  const std::string token(2'500, 't');
  auto policy = policy_for();
  std::string joined;
  for (const char* marker :
       {"[latchkey/1 1/? 1000]: ", "[latchkey/1 2/3 1000]: ", "[latchkey/1 3/3 1000]: "}) {
    const auto answer = policy.answer("(alice@web1) " + std::string(marker), kSsh, token, kDigest);
    ASSERT_EQ(answer.kind, Kind::part) << marker << answer.text;
    EXPECT_LE(answer.text.size(), 1'000u);
    EXPECT_TRUE(answer.text.starts_with("lk1."));
    joined += answer.text.substr(answer.text.rfind('.') + 1);
  }
  EXPECT_EQ(joined, token);
}

struct Case {
  std::string name;
  std::string prompt;
  Kind want;
};

const std::vector<Case> kCases = {
    {"a prompt without a marker is foreign", "(alice@web1) Password: ", Kind::foreign},
    {"a marker that is not at the end is foreign", "(alice@web1) [latchkey/1 1/? 1000]: x",
     Kind::foreign},
    {"a host key question is foreign", "Are you sure (yes/no/[fingerprint])? ", Kind::foreign},
    {"another host gets nothing", "(alice@evil) [latchkey/1 1/? 1000]: ", Kind::withheld},
    {"another user of the host gets nothing", "(bob@web1) [latchkey/1 1/? 1000]: ", Kind::withheld},
    {"a prefix inside the text is no prefix",
     "(j@jump) (alice@web1) [latchkey/1 1/? 1000]: ", Kind::withheld},
    {"no prefix at all gets nothing", "[latchkey/1 1/? 1000]: ", Kind::withheld},
    {"a later part first gets nothing", "(alice@web1) [latchkey/1 2/3 1000]: ", Kind::withheld},
};

TEST(PromptPolicy, decides_each_prompt_by_who_wrote_it) {
  for (const Case& c : kCases) {
    auto policy = policy_for();
    EXPECT_EQ(policy.answer(c.prompt, kSsh, "a.b.c", kDigest).kind, c.want) << c.name;
  }
}

TEST(PromptPolicy, gives_a_token_once_to_one_ssh_and_again_to_another) {
  auto policy = policy_for();
  const std::string prompt = "(alice@web1) [latchkey/1 1/? 1000]: ";
  EXPECT_EQ(policy.answer(prompt, kSsh, "a.b.c", kDigest).kind, Kind::part);
  EXPECT_EQ(policy.answer(prompt, kSsh, "a.b.c", kDigest).kind, Kind::withheld);
  EXPECT_EQ(policy.answer(prompt, {.pid = 101, .nested = false}, "a.b.c", kDigest).kind,
            Kind::part);
}

TEST(PromptPolicy, gives_a_jump_host_nothing_though_it_bears_the_name_of_the_host_behind_it) {
  auto policy = policy_for();
  const Asker jump{.pid = 101, .nested = true};
  const std::string prompt = "(alice@web1) [latchkey/1 1/? 1000]: ";
  EXPECT_EQ(policy.answer(prompt, jump, "a.b.c", kDigest).kind, Kind::withheld);
  EXPECT_EQ(policy.answer(prompt, kSsh, "a.b.c", kDigest).kind, Kind::part);
}

TEST(PromptPolicy, heeds_the_users_host_patterns) {
  const std::string prompt = "(alice@web1) [latchkey/1 1/? 1000]: ";
  auto other = policy_for({"*.example.com"});
  EXPECT_EQ(other.answer(prompt, kSsh, "a.b.c", kDigest).kind, Kind::withheld);
  auto listed = policy_for({"*.example.com", "web?"});
  EXPECT_EQ(listed.answer(prompt, kSsh, "a.b.c", kDigest).kind, Kind::part);
}

TEST(PromptPolicy, refuses_a_part_size_that_changes_on_the_way) {
  const std::string token(2'500, 't');
  auto policy = policy_for();
  EXPECT_EQ(policy.answer("(alice@web1) [latchkey/1 1/? 1000]: ", kSsh, token, kDigest).kind,
            Kind::part);
  EXPECT_EQ(policy.answer("(alice@web1) [latchkey/1 2/3 500]: ", kSsh, token, kDigest).kind,
            Kind::withheld);
}

TEST(PromptPolicy, gives_nothing_in_parts_that_ssh_would_cut) {
  for (const auto& [most, want] :
       std::vector<std::pair<std::string, Kind>>{{"1022", Kind::part},
                                                 {"1023", Kind::part},
                                                 {"1024", Kind::withheld},
                                                 {"9000", Kind::withheld}}) {
    auto policy = policy_for();
    const std::string prompt = "(alice@web1) [latchkey/1 1/? " + most + "]: ";
    EXPECT_EQ(policy.answer(prompt, kSsh, std::string(9'500, 't'), kDigest).kind, want) << most;
  }
}

TEST(PromptPolicy, answers_sudo_without_a_prefix) {
  PromptPolicy policy({true, {}, {}});
  EXPECT_EQ(policy.answer("Token [latchkey/1 1/? 500]: ", kSsh, "a.b.c", kDigest).kind, Kind::part);
}

TEST(PromptPolicy, shows_the_last_word_of_a_host_and_gives_it_nothing) {
  PromptPolicy sudo({true, {}, {}});
  const auto answer =
      sudo.answer("No (access_denied, request 01234567). Press Enter [latchkey/1 end]: ", kSsh,
                  "a.b.c", kDigest);
  EXPECT_EQ(answer.kind, Kind::notice);
  EXPECT_EQ(answer.text, "No (access_denied, request 01234567)");
  EXPECT_EQ(policy_for().answer("(j@jump) x [latchkey/1 end]: ", kSsh, "a.b.c", kDigest).kind,
            Kind::withheld);
}

TEST(HostPatterns, match_as_a_shell_would) {
  struct Pattern {
    std::string pattern, host;
    bool want;
  };
  for (const Pattern& p : std::vector<Pattern>{{"*", "a.b", true},
                                               {"*.example.com", "web.example.com", true},
                                               {"*.example.com", "example.com", false},
                                               {"*.example.com", "web.example.com.evil", false},
                                               {"Web?", "web1", true},
                                               {"web?", "web12", false},
                                               {"a*b*c", "axxbyyc", true},
                                               {"a*b*c", "axxbyy", false},
                                               {"", "", true}}) {
    EXPECT_EQ(host_matches(p.pattern, p.host), p.want) << p.pattern << " " << p.host;
  }
}

}  // namespace
}  // namespace latchkey::cli
