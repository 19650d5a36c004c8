// SPDX-License-Identifier: Apache-2.0
//
// The main file and those of conf.d together.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/config/parse.h"

namespace latchkey::config {
namespace {

const SourceText kMain{
    "main.yaml", "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ x ] } ]\n"};

std::vector<std::string> errors_of(const std::vector<SourceText>& sources) {
  std::vector<std::string> out;
  const auto config = parse(sources);
  if (config) return out;
  for (const auto& error : config.error()) out.push_back(describe(error));
  return out;
}

TEST(Files, JoinIssuersRulesAndNames) {
  const std::vector<SourceText> sources = {
      {kMain.name, kMain.text + "managed: [ m1 ]\nunmanaged: [ u1 ]\naccess: [ { services: [ sshd "
                                "], allow: { anyone: true } } ]\n"},
      {"conf.d/10.yaml",
       "issuers: [ { name: b, issuer: https://b, audiences: [ x ] } ]\nmanaged: [ m2, m1 ]\n"},
      {"conf.d/20.yaml",
       "version: 1\naccess:\n  - services: [ sudo ]\n    allow: { users: [ u ] }\nunmanaged: [ u2 "
       "]\nlog_level: debug\n"},
      {"conf.d/30.yaml", "# nothing but a comment\n"},
  };
  const auto config = parse(sources);
  ASSERT_TRUE(config);
  ASSERT_EQ(config->issuers.size(), 2U);
  EXPECT_EQ(config->issuers[1].config.name, "b");
  ASSERT_EQ(config->access.size(), 2U);
  EXPECT_EQ(config->access[0].name, "access[1]");
  EXPECT_EQ(config->access[1].name, "access[2]");
  EXPECT_EQ(config->access[1].source, "conf.d/20.yaml:3");
  EXPECT_EQ(config->managed.managed, (std::vector<std::string>{"m1", "m2"}));
  EXPECT_EQ(config->managed.unmanaged, (std::vector<std::string>{"u1", "u2"}));
  EXPECT_FALSE(config->managed.regular_users);
  EXPECT_EQ(config->log_level, "debug");
}

TEST(Files, FindIssuersByBytesAndByName) {
  const std::vector<SourceText> sources = {
      kMain, {"b", "issuers: [ { name: b, issuer: https://b/, audiences: [ x ] } ]\n"}};
  const auto config = parse(sources).value();
  EXPECT_EQ(config.find_issuer("https://a"), 0);
  EXPECT_EQ(config.find_issuer("https://b/"), 1);
  EXPECT_EQ(config.find_issuer("https://b"), -1);
  EXPECT_EQ(config.find_issuer("https://A"), -1);
  EXPECT_EQ(config.find_issuer(""), -1);
  EXPECT_EQ(config.find_issuer_by_name("b"), 1);
  EXPECT_EQ(config.find_issuer_by_name("c"), -1);
}

struct Case {
  std::string name;
  std::vector<SourceText> more;
  std::vector<std::string> want;
};

TEST(Files, WhatContradictsAnotherFileIsAnErrorThatNamesBoth) {
  const std::vector<Case> cases = {
      {"a value set twice",
       {{"b", "log_level: info\n"}, {"c", "\nlog_level: info\n"}},
       {"c:2:1: 'log_level' is set twice, first at b:1"}},
      {"a list that is not joined, set twice",
       {{"b", "sudo_services: [ sudo ]\n"}, {"c", "sudo_services: [ doas ]\n"}},
       {"c:1:1: 'sudo_services' is set twice, first at b:1"}},
      {"a budget set twice",
       {{"b", "budgets: { conversations: 100 }\n"}, {"c", "budgets: { conversations: 100 }\n"}},
       {"c:1:12: 'budgets.conversations' is set twice, first at b:1"}},
      {"two budgets in two files are fine",
       {{"b", "budgets: { conversations: 100 }\n"},
        {"c", "budgets: { conversations_per_source: 10 }\n"}},
       {}},
      {"a joined list twice in one file",
       {{"b", "managed: [ a ]\nmanaged: [ b ]\n"}},
       {"b:2:1: 'managed' is set twice, first at b:1"}},
      {"an issuer's name that is taken",
       {{"b", "issuers:\n  - name: a\n    issuer: https://b\n    audiences: [ x ]\n"}},
       {"b:2:5: the name \"a\" is taken, by main.yaml:2"}},
      {"an issuer that is taken",
       {{"b", "issuers:\n  - name: b\n    issuer: https://a\n    audiences: [ x ]\n"}},
       {"b:3:5: the issuer \"https://a\" is taken, by main.yaml:2"}},
      {"a rule's name that is taken",
       {{"b",
         "access:\n  - { name: r, services: [ a ], allow: { anyone: true } }\n  - { name: r, "
         "services: [ a ], allow: { anyone: true } }\n"}},
       {"b:3:7: the name \"r\" is taken, by b:2"}},
      {"another version",
       {{"b", "version: 2\n"}},
       {"b:1:10: 'version': expected 1, the only version of the format that this program reads, "
        "found \"2\""}},
      {"errors of several files, in their order",
       {{"z", "x: 1\n"}, {"c", "[\n"}, {"b", "y: 1\n"}},
       {"z:1:1: unknown key \"x\"", "c:2:1: no YAML: end of sequence flow not found",
        "b:1:1: unknown key \"y\""}},
  };
  for (const auto& c : cases) {
    std::vector<SourceText> sources = {kMain};
    sources.insert(sources.end(), c.more.begin(), c.more.end());
    EXPECT_EQ(errors_of(sources), c.want) << c.name;
  }
}

TEST(Files, AreBoundedInNumber) {
  std::vector<SourceText> sources(kFilesMost, {"empty", ""});
  sources.front() = kMain;
  EXPECT_TRUE(parse(sources));
  sources.push_back({"one more", ""});
  EXPECT_FALSE(parse(sources));
  EXPECT_FALSE(parse({}));
}

TEST(Files, IssuersAreBoundedInNumber) {
  const auto issuers = [](std::size_t count) {
    std::string text = "version: 1\nissuers:\n";
    for (std::size_t i = 0; i < count; ++i) {
      const auto n = std::to_string(i);
      text += "  - { name: n" + n + ", issuer: \"https://h" + n + "\", audiences: [ x ] }\n";
    }
    return std::vector<SourceText>{{"f", text}};
  };
  EXPECT_TRUE(parse(issuers(limits::kIssuers)));
  EXPECT_EQ(errors_of(issuers(limits::kIssuers + 1)),
            std::vector<std::string>{"f:67:5: more than 64 members of 'issuers'"});
}

TEST(Errors, AreBoundedInNumber) {
  std::string text = kMain.text;
  for (int i = 0; i < 200; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const auto errors = errors_of({{"f", text}});
  ASSERT_EQ(errors.size(), kErrorsMost + 1);
  EXPECT_EQ(errors.back(), "f: 100 more errors");
}

}  // namespace
}  // namespace latchkey::config
