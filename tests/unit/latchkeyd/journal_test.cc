// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/queued_journal.h"

#include <future>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/io/system_clock.h"
#include "daemon/latchkeyd/service/pulse.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using testing::FakeClock;
using testing::TestLoop;

std::vector<JournalLine> written(LogLevel level, const std::function<void(Journal&)>& write) {
  const FakeClock clock;
  std::vector<JournalLine> lines;
  {
    QueuedJournal journal([&](const JournalLine& line) { lines.push_back(line); }, level, clock);
    write(journal);
  }
  return lines;
}

TEST(QueuedJournal, WritesEverythingBeforeItEndsInTheOrderOfTheCalls) {
  const auto lines = written(LogLevel::info, [](Journal& journal) {
    for (int i = 0; i < 1'000; ++i) journal.log(LogLevel::info, std::to_string(i));
  });
  ASSERT_EQ(lines.size(), 1'000U);
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].message, std::to_string(i));
}

TEST(QueuedJournal, LeavesOutWhatIsBelowItsLevel) {
  const auto lines = written(LogLevel::notice, [](Journal& journal) {
    journal.log(LogLevel::error, "error");
    journal.log(LogLevel::notice, "notice");
    journal.log(LogLevel::info, "info");
    journal.write(LogLevel::debug, "debug", {});
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].message, "notice");
}

// SECURITY section 1, log injection: one line, escaped, length bound.
TEST(QueuedJournal, ForeignBytesMakeNoSecondLineAndNoEscape) {
  const auto lines = written(LogLevel::info, [](Journal& journal) {
    journal.log(LogLevel::info, "a\nb\x1b[31m",
                {{"user", "x\nREASON=allowed\x7f\xc2\x85 \xe2\x80\xae"}});
    journal.log(LogLevel::info, std::string(65'536, 'y'), {{"user", std::string(65'536, '\n')}});
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].message, "a\\x0ab\\x1b[31m");
  EXPECT_EQ(lines[0].fields[0].second, "x\\x0aREASON=allowed\\x7f\\xc2\\x85 \\xe2\\x80\\xae");
  EXPECT_EQ(lines[1].message.size(), QueuedJournal::kMessageMost);
  EXPECT_THAT(lines[1].message, ::testing::EndsWith("..."));
  EXPECT_LE(lines[1].fields[0].second.size(), QueuedJournal::kFieldMost);
}

TEST(QueuedJournal, MessageOfExactlyTheLimitIsWhole) {
  const auto lines = written(LogLevel::info, [](Journal& journal) {
    journal.log(LogLevel::info, std::string(QueuedJournal::kMessageMost, 'y'));
    journal.log(LogLevel::info, std::string(QueuedJournal::kMessageMost + 1, 'y'));
  });
  EXPECT_EQ(lines[0].message, std::string(QueuedJournal::kMessageMost, 'y'));
  EXPECT_EQ(lines[1].message, std::string(QueuedJournal::kMessageMost - 3, 'y') + "...");
}

TEST(QueuedJournal, SinkThatHangsHoldsNobodyAndTheLossIsReported) {
  const FakeClock clock;
  std::promise<void> release;
  auto released = release.get_future().share();
  std::vector<JournalLine> lines;
  {
    QueuedJournal journal(
        [&](const JournalLine& line) {
          released.wait();
          lines.push_back(line);
        },
        LogLevel::info, clock);
    for (std::size_t i = 0; i < QueuedJournal::kLinesMost * 3; ++i)
      journal.log(LogLevel::info, "line");
    release.set_value();
  }
  std::size_t written = 0;
  std::size_t lost = 0;
  for (const JournalLine& line : lines) {
    const bool report = line.message.find("were lost") != std::string::npos;
    if (report) lost += std::stoul(line.fields.at(0).second);
    if (!report) ++written;
  }
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(written + lost, QueuedJournal::kLinesMost * 3) << "every line is written or counted";
}

struct TextCase {
  std::string name;
  JournalLine line;
  std::string want;
};

TEST(TextLine, IsOneLineThatCanBeTakenApart) {
  const WallTime time(std::chrono::milliseconds(1'772'357'400'125));
  const std::vector<TextCase> cases = {
      {"without fields",
       {LogLevel::error, time, "no keys", {}},
       "2026-03-01T09:30:00.125Z error: no keys"},
      {"plain value",
       {LogLevel::info, time, "m", {{"user", "alice"}}},
       "2026-03-01T09:30:00.125Z info: m user=alice"},
      {"empty value",
       {LogLevel::info, time, "m", {{"user", ""}}},
       "2026-03-01T09:30:00.125Z info: m user=\"\""},
      {"value that looks like two",
       {LogLevel::debug, time, "m", {{"user", "a reason=allowed"}}},
       "2026-03-01T09:30:00.125Z debug: m user=\"a reason=allowed\""},
      {"quotes and backslashes",
       {LogLevel::debug, time, "m", {{"user", "a\"b\\"}}},
       "2026-03-01T09:30:00.125Z debug: m user=\"a\\\"b\\\\\""},
  };
  for (const TextCase& test : cases) EXPECT_EQ(text_line(test.line), test.want) << test.name;
}

TEST(LogLevels, AreReadByTheirNames) {
  EXPECT_EQ(parse_log_level("error"), LogLevel::error);
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  EXPECT_EQ(parse_log_level("loud"), LogLevel::info);
}

TEST(SystemClock, GoesOnAndKnowsItsBoot) {
  const SystemClock clock;
  const SteadyTime before = clock.steady();
  EXPECT_GE(clock.steady(), before);
  EXPECT_GT(clock.wall(), WallTime(std::chrono::seconds(1'700'000'000)));
  EXPECT_EQ(boot_id().size(), 32U);
  EXPECT_EQ(boot_id(), plain_boot_id(boot_id()));
  EXPECT_EQ(plain_boot_id("0b9c-12\n"), "0b9c12");
}

TEST(Pulse, IsAliveOnlyAfterEveryWorkerAnswered) {
  TestLoop control;
  TestLoop first;
  TestLoop second;
  int beats = 0;
  Pulse pulse(control, {&first, &second}, [&] { ++beats; });
  pulse.beat();
  first.run_ready();
  control.run_ready();
  EXPECT_EQ(beats, 0);
  pulse.beat();  // the second one hangs: nothing more is asked of the first
  EXPECT_EQ(first.run_ready(), 0U);
  second.run_ready();
  control.run_ready();
  EXPECT_EQ(beats, 1);
  pulse.beat();
  first.run_ready();
  second.run_ready();
  control.run_ready();
  EXPECT_EQ(beats, 2);
}

}  // namespace
}  // namespace latchkey::latchkeyd
