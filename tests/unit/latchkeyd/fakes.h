// SPDX-License-Identifier: Apache-2.0
//
// What the tests of latchkeyd put in the place of the world: a clock that moves when told, a
// journal that remembers, a thread that is the test itself, and a folder that is gone afterwards.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/journal.h"

namespace latchkey::latchkeyd::testing {

class FakeClock final : public Clock {
 public:
  WallTime wall() const override {
    const std::lock_guard lock(mutex_);
    return wall_;
  }
  SteadyTime steady() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }
  std::chrono::seconds utc_offset(WallTime /*at*/) const override { return zone; }
  // Time passes: both clocks go on.
  void advance(std::chrono::milliseconds by) {
    const std::lock_guard lock(mutex_);
    wall_ += by;
    steady_ += by;
  }
  // Somebody sets the wall clock.
  void jump(std::chrono::milliseconds by) {
    const std::lock_guard lock(mutex_);
    wall_ += by;
  }

  std::chrono::seconds zone{};

 private:
  mutable std::mutex mutex_;
  WallTime wall_{std::chrono::seconds(1'800'000'000)};
  SteadyTime steady_{std::chrono::hours(1'000)};
};

class FakeJournal final : public Journal {
 public:
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    std::string line(message);
    for (const LogField& field : fields)
      line.append(" ").append(field.name).append("=").append(field.value);
    const std::lock_guard lock(mutex_);
    lines_.push_back({level, std::move(line)});
  }
  bool enabled(LogLevel /*level*/) const override { return true; }

  std::size_t count(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    std::size_t found = 0;
    for (const auto& [level, line] : lines_)
      found += line.find(part) != std::string::npos ? 1U : 0U;
    return found;
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const auto& [level, line] : lines_) all.append(line).append("\n");
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<LogLevel, std::string>> lines_;
};

// Work is run by the test, when the test says so.
class TestLoop final : public Executor {
 public:
  void post(std::function<void()> work) override {
    {
      const std::lock_guard lock(mutex_);
      work_.push_back(std::move(work));
    }
    wake_.notify_one();
  }

  // Runs what is there, and what that posts.
  std::size_t run_ready() {
    std::size_t ran = 0;
    while (auto work = take(false)) {
      (*work)();
      ++ran;
    }
    return ran;
  }

  // Runs work, waiting for it, until `done` holds. The suite's own deadline is the only one.
  template <typename Done>
  void run_until(Done done) {
    while (!done()) {
      if (const auto work = take(true)) (*work)();
    }
  }

 private:
  std::optional<std::function<void()>> take(bool wait) {
    std::unique_lock lock(mutex_);
    if (wait) wake_.wait(lock, [&] { return !work_.empty(); });
    if (work_.empty()) return std::nullopt;
    auto work = std::move(work_.front());
    work_.pop_front();
    return work;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
};

// A folder of mode 0700 of our own.
class TempDir {
 public:
  TempDir() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "latchkey-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = std::filesystem::canonical(pattern).string();
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace latchkey::latchkeyd::testing
