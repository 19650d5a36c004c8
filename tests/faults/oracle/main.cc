// SPDX-License-Identifier: Apache-2.0
//
// latchkey_oracle: logins of known classes, and what became of each. Which verdict was right is
// judged by the harness (tests/faults/harness), which starts it:
//
//   latchkey_oracle --classes FILE --records FILE --socket PATH --rate N     at a steady rate
//   latchkey_oracle --classes FILE --records FILE --socket PATH --rate 0 --open N --most M --counts
//                                                                            a flood
//   latchkey_oracle --classes FILE --records FILE --confdir DIR --rate N     through the module
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/faults/oracle/module_player.h"
#include "tests/faults/oracle/socket_player.h"

int main(int argc, char** argv) {
  // NOLINTNEXTLINE(google-build-using-namespace): this program is that namespace
  using namespace latchkey::faults;
  SocketOptions socket;
  ModuleOptions module;
  std::string classes;
  std::string records_file;
  unsigned seed = 1;
  bool counts = false;
  CLI::App app{"Makes logins of known classes and records what became of each"};
  app.add_option("--classes", classes, "what to send; see schedule.h")->required();
  app.add_option("--records", records_file, "what became of it; see records.h")->required();
  app.add_option("--socket", socket.socket, "pam.sock of a running latchkeyd");
  app.add_option("--confdir", module.confdir, "a folder of PAM services, in place of the socket");
  app.add_option("--rate", socket.rate, "logins a second; 0: as many as --open lets through");
  app.add_option("--open", socket.open, "logins of a flood that are open at once");
  app.add_option("--most", socket.most, "end after so many");
  app.add_option("--seed", seed, "of the draw among the classes");
  app.add_flag("--counts", counts, "counts at the end in place of a line for each login");
  CLI11_PARSE(app, argc, argv);

  constexpr rlimit kFiles{16'384, 16'384};
  ::setrlimit(RLIMIT_NOFILE, &kFiles);
  std::signal(SIGPIPE, SIG_IGN);
  std::FILE* file = std::fopen(records_file.c_str(), "we");
  if (file == nullptr) {
    std::perror(records_file.c_str());
    return 2;
  }
  Schedule schedule(classes, seed);
  Commands commands;
  Records records(file, counts);
  if (module.confdir.empty()) {
    SocketPlayer(socket, schedule, commands, records).run();
  } else {
    module.rate = socket.rate;
    play_module(module, schedule, commands, records);
  }
  if (counts) records.write_counts();
  std::fclose(file);
  return 0;
}
