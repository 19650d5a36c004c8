// SPDX-License-Identifier: Apache-2.0
//
// Load on any pam.sock, or on the floor, or on both in turn:
//
//   latchkey_load --socket PATH --token-file FILE --user NAME [--clients N] [--seconds S]
//   latchkey_load --null …            the same frames between two empty programs
//   latchkey_load --socket … --null   both alternated, and the ratio of their medians
//   latchkey_load --socket … --flood-token-file FILE [--flood-clients N]
//                                     quiet and beside one source that floods, alternated
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "bench/load.h"
#include "bench/null_server.h"

namespace latchkey::bench {
namespace {

struct Options {
  LoadOptions load;
  std::string token_file;
  bool null = false;
  unsigned null_servers = 1;
  double seconds = 1;
  unsigned rounds = 5;
  int cpu = -1;
  std::string flood_token_file;
  unsigned flood_clients = 8;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Case {
  const char* name;
  LoadOptions load;
  std::vector<double> rate, cpu, p50, p99;

  void add(const LoadResult& result) {
    rate.push_back(result.per_second());
    cpu.push_back(result.cpu_us());
    p50.push_back(result.percentile_us(0.5));
    p99.push_back(result.percentile_us(0.99));
  }
};

void print(const Case& done) {
  std::printf("%-8s %10.0f /s   cpu %7.1f us   p50 %8.1f us   p99 %8.1f us\n", done.name,
              median(done.rate), median(done.cpu), median(done.p50), median(done.p99));
}

std::string read_token(const std::string& path) {
  std::ifstream file(path);
  std::string token(std::istreambuf_iterator<char>(file), {});
  while (!token.empty() && token.back() == '\n') token.pop_back();
  return token;
}

// The others' logins while one source floods, beside the same logins while it does not.
int run_flood(const Options& options) {
  LoadOptions flood = options.load;
  flood.token = read_token(options.flood_token_file);
  flood.clients = options.flood_clients;
  flood.rhost = "192.0.2.66";
  flood.must_allow = false;
  Case quiet{.name = "quiet", .load = options.load};
  Case flooded{.name = "flooded", .load = options.load};
  std::vector<double> attempts;
  for (unsigned round = 0; round < options.rounds; ++round) {
    quiet.add(run_load(quiet.load));
    LoadResult of_flood;
    std::thread beside([&] { of_flood = run_load(flood); });
    flooded.add(run_load(flooded.load));
    beside.join();
    attempts.push_back(of_flood.per_second());
  }
  print(quiet);
  print(flooded);
  std::printf("ratio    %10.2f      %28.2f      p99 %8.2f      beside %.0f attempts /s\n",
              median(flooded.rate) / median(quiet.rate), median(flooded.p50) / median(quiet.p50),
              median(flooded.p99) / median(quiet.p99), median(attempts));
  return 0;
}

int run(Options options) {
  options.load.token = read_token(options.token_file);
  options.load.length = std::chrono::milliseconds(static_cast<int>(options.seconds * 1'000));
  if (!options.flood_token_file.empty()) return run_flood(options);
  std::vector<Case> cases;
  std::optional<NullServers> null;
  const std::string null_path = "/tmp/latchkey-null-" + std::to_string(::getpid()) + ".sock";
  if (options.null) {
    null.emplace(null_path, options.null_servers);
    Case& added = cases.emplace_back(Case{.name = "null", .load = options.load});
    added.load.socket = null_path;
    added.load.servers = null->processes();
  }
  if (!options.load.socket.empty()) {
    cases.push_back(Case{.name = "subject", .load = options.load});
  }
  for (const Case& one : cases) {
    for (const pid_t server : one.load.servers) pin(server, options.cpu);
  }
  pin(::getpid(), options.cpu);
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (Case& one : cases) one.add(run_load(one.load));
  }
  if (options.null) ::unlink(null_path.c_str());
  for (const Case& one : cases) print(one);
  if (cases.size() == 2) {
    std::printf(
        "ratio    %10.2f      cpu %7.2f      p50 %8.2f      p99 %8.2f\n",
        median(cases[1].rate) / median(cases[0].rate), median(cases[1].cpu) / median(cases[0].cpu),
        median(cases[1].p50) / median(cases[0].p50), median(cases[1].p99) / median(cases[0].p99));
  }
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) {
  using latchkey::bench::Options;
  using latchkey::bench::run;
  Options options;
  CLI::App app{"Plays PAM conversations in a closed loop"};
  app.add_option("--socket", options.load.socket, "pam.sock of a running latchkeyd");
  app.add_option("--token-file", options.token_file, "the token that every client answers");
  app.add_option("--user", options.load.user, "PAM_USER");
  app.add_option("--service", options.load.service, "PAM_SERVICE");
  app.add_option("--clients", options.load.clients, "closed loops side by side");
  app.add_option("--seconds", options.seconds, "length of a round");
  app.add_option("--rounds", options.rounds, "rounds; their median is printed");
  app.add_option("--cpu", options.cpu, "bind both ends to this CPU");
  app.add_option("--server-pid", options.load.servers,
                 "process behind --socket: its CPU time counts, and --cpu binds it");
  app.add_flag("--null", options.null, "play the frames against empty programs");
  app.add_option("--null-servers", options.null_servers, "how many empty programs");
  app.add_option("--flood-token-file", options.flood_token_file,
                 "what one source floods with, in every second round");
  app.add_option("--flood-clients", options.flood_clients, "closed loops of the flood");
  app.add_flag("!--any-verdict", options.load.must_allow, "do not end where a login is refused");
  CLI11_PARSE(app, argc, argv);
  return run(std::move(options));
}
