// SPDX-License-Identifier: Apache-2.0
//
// Cold verification over the EVP floor (PERFORMANCE section 8, G1), remembered tokens (G2), what it
// costs to refuse (G11), and other libraries on the same tokens. Runs the cases interleaved at
// random, then prints each median and its ratio to the floor of the same run. Times are CPU times;
// on a shared machine only the ratios mean something. Nothing here passes or fails.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <openssl/crypto.h>

#include "bench/fixed_tokens.h"
#include "bench/peers.h"
#include "bench/remembered.h"
#include "bench/subject.h"

namespace latchkey::bench {
namespace {

Subject& subject(const std::string& algorithm) {
  static std::map<std::string, std::unique_ptr<Subject>> subjects;
  auto& known = subjects[algorithm];
  if (known == nullptr) known = std::make_unique<Subject>(algorithm);
  return *known;
}

void measure(benchmark::State& state, const std::string& algorithm, bool (Subject::*station)()) {
  Subject& of = subject(algorithm);
  for (auto _ : state) benchmark::DoNotOptimize((of.*station)());
}

void refuse(benchmark::State& state, const std::string& token) {
  Subject& of = subject("RS256");
  for (auto _ : state) benchmark::DoNotOptimize(of.verify_other(token));
}

Remembered& remembered(std::size_t entries) {
  static std::map<std::size_t, std::unique_ptr<Remembered>> all;
  auto& known = all[entries];
  if (known == nullptr) known = std::make_unique<Remembered>(entries);
  return *known;
}

constexpr std::size_t kFew = 1'000;
constexpr std::size_t kMany = 100'000;

void register_remembered() {
  for (const std::size_t entries : {kFew, kMany}) {
    const auto measured = [entries](benchmark::State& state, bool (Remembered::*step)()) {
      Remembered& of = remembered(entries);
      for (auto _ : state) benchmark::DoNotOptimize((of.*step)());
    };
    const std::string number = std::to_string(entries);
    benchmark::RegisterBenchmark(("remembered/same_of_" + number).c_str(), measured,
                                 &Remembered::same);
    benchmark::RegisterBenchmark(("remembered/any_of_" + number).c_str(), measured,
                                 &Remembered::any);
    benchmark::RegisterBenchmark(("remembered/one_read_of_" + number).c_str(), measured,
                                 &Remembered::one_read);
  }
}

void register_peers() {
  for (const char* algorithm : {"RS256", "ES256", "EdDSA"}) {
    for (Peer& peer : peers(algorithm, subject(algorithm).token())) {
      benchmark::RegisterBenchmark(("peer/" + peer.name).c_str(),
                                   [verifies = std::move(peer.verifies)](benchmark::State& state) {
                                     for (auto _ : state) benchmark::DoNotOptimize(verifies());
                                   });
    }
  }
}

std::string changed_signature(std::string_view algorithm) {
  std::string token(subject(std::string(algorithm)).token());
  const std::size_t at = token.size() - 20;
  token[at] = token[at] == 'A' ? 'B' : 'A';
  return token;
}

void register_all() {
  for (const FixedToken& token : kFixedTokens) {
    const std::string name(token.algorithm);
    benchmark::RegisterBenchmark(("floor/" + name).c_str(), measure, name, &Subject::floor);
    benchmark::RegisterBenchmark(("verify/" + name).c_str(), measure, name, &Subject::verify);
    benchmark::RegisterBenchmark(("decide/" + name).c_str(), measure, name, &Subject::decide);
    benchmark::RegisterBenchmark(("cold/" + name).c_str(), measure, name, &Subject::cold);
  }
  register_remembered();
  register_peers();
  benchmark::RegisterBenchmark("digest", measure, std::string("RS256"), &Subject::digest);
  const std::string good(subject("RS256").token());
  const std::size_t dot = good.find('.');
  const std::pair<const char*, std::string> refusals[] = {
      {"refuse/empty", ""},
      {"refuse/a_word", "hunter2"},
      {"refuse/64KiB_without_a_dot", std::string(65'536, 'A')},
      {"refuse/64KiB_of_dots", std::string(65'536, '.')},
      {"refuse/64KiB_with_two_dots",
       std::string(20'000, 'A') + '.' + std::string(20'000, 'A') + '.' + std::string(25'534, 'A')},
      {"refuse/64KiB_payload_of_junk",
       good.substr(0, dot + 1) + std::string(60'000, 'A') + ".AAAA"},
      // "{" and "}" around zeroes: all of it must be decoded to be refused.
      {"refuse/64KiB_payload_of_junk_in_braces",
       good.substr(0, dot + 1) + "ewAA" + std::string(59'996, 'A') + "AAB9.AAAA"},
      {"refuse/unknown_kid", "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vYm9keSJ9" + good.substr(dot)},
      {"refuse/wrong_signature_RS256", changed_signature("RS256")},
      {"refuse/wrong_signature_ES256", changed_signature("ES256")},
  };
  for (const auto& [name, token] : refusals) benchmark::RegisterBenchmark(name, refuse, token);
}

// Keeps every repetition, so that the medians of one run can be compared.
class Medians : public benchmark::ConsoleReporter {
 public:
  Medians() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration)
        times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
    }
  }

  void print() {
    std::printf("%-34s %12s %8s\n", "CPU time, median", "ns", "ratio");
    for (auto& [name, times] : times_) {
      const double ns = median(times);
      const auto floor = times_.find("floor/" + name.substr(name.rfind('/') + 1));
      if (floor == times_.end() || name.starts_with("floor/")) {
        std::printf("%-34s %12.0f\n", name.c_str(), ns);
      } else {
        std::printf("%-34s %12.0f %8.3f\n", name.c_str(), ns, ns / median(floor->second));
      }
    }
  }

 private:
  static double median(std::vector<double>& times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  std::map<std::string, std::vector<double>> times_;
};

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) {
  // Before the caller's own flags, which win.
  std::vector<std::string> flags = {argv[0], "--benchmark_enable_random_interleaving=true",
                                    "--benchmark_repetitions=11", "--benchmark_min_time=0.05"};
  flags.insert(flags.end(), argv + 1, argv + argc);
  std::vector<char*> arguments;
  for (std::string& flag : flags) arguments.push_back(flag.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  latchkey::bench::register_all();
  latchkey::bench::Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  std::printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
  medians.print();
  for (const std::size_t entries : {latchkey::bench::kFew, latchkey::bench::kMany}) {
    std::printf("%zu remembered tokens: %zu bytes an entry\n", entries,
                latchkey::bench::remembered(entries).bytes_an_entry());
  }
}
