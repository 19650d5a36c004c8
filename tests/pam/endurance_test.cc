// SPDX-License-Identifier: Apache-2.0
//
// F28: 100,000 sign-ins in one process, and 1,000 times loaded and unloaded: no memory, no
// descriptor is lost. Under a sanitizer, which keeps what was freed for a while, fewer, and
// descriptors alone.
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "tests/pam/support/cmocka.h"
#include "tests/pam/support/host.h"
#include "tests/pam/support/scripted_daemon.h"

namespace latchkey::tests {
namespace {

using wire::Operation;

constexpr int kSignIns = kSanitized ? 2'000 : 100'000;
constexpr int kLoads = 1'000;
constexpr std::size_t kGrowthMost = std::size_t{64} * 1024;

int open_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

std::size_t heap_in_use() { return mallinfo2().uordblks; }

// As counted page by page: statm may be off by hundreds of kilobytes, since each processor keeps a
// count of its own for a while.
std::size_t resident() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;) {
    std::size_t kilobytes = 0;
    if (word == "Rss:" && file >> kilobytes) return kilobytes * 1'024;
  }
  return 0;
}

// Allows without noting anything, so that what grows is not the test.
const Script kAllows = [](Peer& peer) {
  static const Frame ask = ask_frame("Token: ");
  static const Frame verdict = verdict_frame({.result = wire::Result::allow,
                                              .text = "Welcome",
                                              .environment = {"LATCHKEY_LOGIN=0123"},
                                              .groups = {}});
  std::byte frame[wire::kBeginFrameMost];
  const auto comes = [&](const char* what) {
    const ssize_t size = peer.receive(frame);
    // One in 100,000: whoever looks at that wants to know what it was.
    if (size <= 0) fprintf(stderr, "no %s came: %zd, %s\n", what, size, strerror(errno));
    return size > 0;
  };
  if (!comes("begin")) return;
  peer.send(ask);
  if (comes("answer")) peer.send(verdict);
};

void many_sign_ins_cost_no_memory_and_no_descriptor(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAllows);
  Host host(sandbox, "sshd", "alice", types("token"));
  const Module module;
  const std::vector<std::string> options = {sandbox.socket_option()};
  const auto sign_in = [&](int times) {
    for (int i = 0; i < times; ++i) {
      const int code = module.call(host, Operation::authenticate, options);
      if (code != PAM_SUCCESS) {
        for (const std::string& line : take_log()) print_error("%s\n", line.c_str());
        expect_number(code, PAM_SUCCESS, std::to_string(i));
      }
      host.shown.clear();
    }
  };
  sign_in(1'000);  // after which everything that is kept is there
  const int descriptors = open_descriptors();
  const std::size_t heap = heap_in_use();
  const std::size_t pages = resident();
  sign_in(kSignIns);
  // The daemon's thread may still hold the last connection.
  expect_true(open_descriptors() <= descriptors + 1, "descriptors were lost");
  if (kSanitized) return;
  expect_true(heap_in_use() <= heap + kGrowthMost, "the heap grew");
  expect_true(pages > 0 && resident() <= pages + kGrowthMost, "the process grew");
}

void refusals_cost_no_descriptor_either(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), [](Peer& peer) {
    peer.begin();
    peer.send_text("garbage");
  });
  Host host(sandbox, "sshd", "alice", types("token"));
  const Module module;
  module.call(host, Operation::authenticate, {sandbox.socket_option()});
  const int descriptors = open_descriptors();
  for (int i = 0; i < 500; ++i) {
    module.call(host, Operation::authenticate, {sandbox.socket_option()});
    module.call(host, Operation::authenticate, {"socket=/nowhere/at/all"});
    module.call(host, Operation::authenticate, {"bad"});
  }
  expect_true(open_descriptors() <= descriptors + 1, "descriptors were lost");
}

void loading_and_unloading_leaves_nothing(void**) {
  const Sandbox sandbox;
  const ScriptedDaemon daemon(sandbox.socket(), kAllows);
  Host host(sandbox, "sshd", "alice", types("token"));
  const auto load = [&] {
    const Module module;
    expect_number(module.call(host, Operation::authenticate, {sandbox.socket_option()}),
                  PAM_SUCCESS);
    host.shown.clear();
  };
  for (int i = 0; i < 100; ++i) load();
  const int descriptors = open_descriptors();
  const std::size_t heap = heap_in_use();
  for (int i = 0; i < kLoads; ++i) load();
  expect_true(open_descriptors() <= descriptors + 1, "descriptors were lost");
  if (!kSanitized) expect_true(heap_in_use() <= heap + kGrowthMost, "the heap grew");
  // It really goes: nothing of it keeps running, or keeps it loaded.
  assert_null(dlopen(module_path().c_str(), RTLD_NOW | RTLD_NOLOAD));
}

// The same by way of libpam, which loads at the first call and unloads at pam_end.
void libpam_loads_and_unloads_it_too(void**) {
  const Sandbox sandbox;
  sandbox.write_stack("sshd", "auth required MODULE OPTIONS\n");
  const ScriptedDaemon daemon(sandbox.socket(), kAllows);
  const auto sign_in = [&] {
    Host host(sandbox, "sshd", "alice", types("token"));
    expect_number(host.call(Operation::authenticate), PAM_SUCCESS);
  };
  for (int i = 0; i < 10; ++i) sign_in();
  const int descriptors = open_descriptors();
  for (int i = 0; i < 200; ++i) sign_in();
  expect_true(open_descriptors() <= descriptors + 1, "descriptors were lost");
}

}  // namespace
}  // namespace latchkey::tests

int run_program() {
  using namespace latchkey::tests;  // NOLINT(google-build-using-namespace): this file's own tests
  const CMUnitTest tests[] = {
      cmocka_unit_test(many_sign_ins_cost_no_memory_and_no_descriptor),
      cmocka_unit_test(refusals_cost_no_descriptor_either),
      cmocka_unit_test(loading_and_unloading_leaves_nothing),
      cmocka_unit_test(libpam_loads_and_unloads_it_too),
  };
  return cmocka_run_group_tests_name("endurance", tests, nullptr, nullptr);
}
