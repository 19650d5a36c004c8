// SPDX-License-Identifier: Apache-2.0
//
// What a PAM stack costs a host process that is new each time, as sshd's children and sudo are:
// start, authenticate, end, the loading of the module included. Two or more services of one folder
// are alternated in one run, each call in a fresh process that times itself, so that only ratios of
// one run are compared. Prompts with Latchkey's marker are answered from a token file, in parts.
//
//   latchkey_pam_process --confdir DIR --user NAME [--token-file FILE] [--rounds N] SERVICE
//   SERVICE…
#include <security/pam_appl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/pam_answers.h"

namespace {

struct Options {
  std::string confdir;
  std::string user;
  std::string token_file;
  unsigned rounds = 200;
  bool once = false;
  std::vector<std::string> services;
};

struct Sample {
  double wall_us = 0;
  double cpu_us = 0;
  int code = -1;
};

double clock_us(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// One call in this process; printed for the parent.
int run_once(const Options& options, const std::string& service) {
  std::string token;
  if (!options.token_file.empty()) {
    std::ifstream file(options.token_file);
    token.assign(std::istreambuf_iterator<char>(file), {});
    while (!token.empty() && token.back() == '\n') token.pop_back();
  }
  latchkey::bench::PamAnswers answers(std::move(token));
  const pam_conv conversation = answers.conversation();
  const double wall = clock_us(CLOCK_MONOTONIC);
  const double cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
  pam_handle_t* handle = nullptr;
  int code = pam_start_confdir(service.c_str(), options.user.c_str(), &conversation,
                               options.confdir.c_str(), &handle);
  if (code == PAM_SUCCESS) {
    code = pam_authenticate(handle, 0);
    pam_end(handle, code);
  }
  std::printf("%.3f %.3f %d\n", clock_us(CLOCK_MONOTONIC) - wall,
              clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu, code);
  return 0;
}

Sample in_new_process(const Options& options, const std::string& service) {
  std::array<int, 2> ends{};
  Sample sample;
  if (pipe(ends.data()) != 0) return sample;
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl("/proc/self/exe", "latchkey_pam_process", "--once", "--confdir", options.confdir.c_str(),
          "--user", options.user.c_str(), "--token-file", options.token_file.c_str(),
          service.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::FILE* from = fdopen(ends[0], "r");
  if (from != nullptr) {
    if (std::fscanf(from, "%lf %lf %d", &sample.wall_us, &sample.cpu_us, &sample.code) != 3)
      sample.code = -1;
    std::fclose(from);
  }
  waitpid(pid, nullptr, 0);
  return sample;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

int compare(const Options& options) {
  struct Row {
    std::vector<double> wall;
    std::vector<double> cpu;
    unsigned failed = 0;
  };
  std::vector<Row> rows(options.services.size());
  for (unsigned round = 0; round < options.rounds + 3; ++round) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Sample sample = in_new_process(options, options.services[i]);
      if (sample.code != PAM_SUCCESS) ++rows[i].failed;
      if (round < 3 || sample.code != PAM_SUCCESS) continue;  // the first ones warm the caches
      rows[i].wall.push_back(sample.wall_us);
      rows[i].cpu.push_back(sample.cpu_us);
    }
  }
  std::printf("%-16s %12s %12s %8s %8s\n", "service", "wall us p50", "cpu us p50", "ratio",
              "failed");
  const double base = median(rows.front().wall);
  unsigned failed = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double wall = median(rows[i].wall);
    std::printf("%-16s %12.1f %12.1f %8.2f %8u\n", options.services[i].c_str(), wall,
                median(rows[i].cpu), base > 0 ? wall / base : 0, rows[i].failed);
    failed += rows[i].failed;
  }
  return failed == 0 ? 0 : 1;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--once") {
      options.once = true;
    } else if (word == "--confdir" && has_value) {
      options.confdir = argv[++i];
    } else if (word == "--user" && has_value) {
      options.user = argv[++i];
    } else if (word == "--token-file" && has_value) {
      options.token_file = argv[++i];
    } else if (word == "--rounds" && has_value) {
      options.rounds = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
    } else if (word.starts_with("-")) {
      return false;
    } else {
      options.services.emplace_back(word);
    }
  }
  return !options.confdir.empty() && !options.user.empty() && !options.services.empty() &&
         options.rounds > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: latchkey_pam_process --confdir DIR --user NAME [--token-file FILE] "
                 "[--rounds N] SERVICE "
                 "SERVICE...\n");
    return 64;
  }
  return options.once ? run_once(options, options.services.front()) : compare(options);
}
