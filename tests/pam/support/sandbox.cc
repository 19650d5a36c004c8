// SPDX-License-Identifier: Apache-2.0
#include "tests/pam/support/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace latchkey::tests {
namespace {

std::string& module_storage() {
  static std::string path;
  return path;
}

std::string& root_storage() {
  static std::string path;
  return path;
}

bool write_text(const char* path, const std::string& text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool done = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return done;
}

void replace_all(std::string& text, std::string_view from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

void set_module_path(std::string path) { module_storage() = std::move(path); }
const std::string& module_path() { return module_storage(); }

bool enter_root_namespace() {
  if (geteuid() == 0) return true;
  const std::string uid = std::to_string(geteuid());
  const std::string gid = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER) != 0) return false;
  return write_text("/proc/self/setgroups", "deny") &&
         write_text("/proc/self/uid_map", "0 " + uid + " 1") &&
         write_text("/proc/self/gid_map", "0 " + gid + " 1") && geteuid() == 0;
}

bool is_machine_root() {
  if (geteuid() != 0) return false;
  std::ifstream map("/proc/self/uid_map");
  unsigned long inside = 1;
  unsigned long outside = 1;
  unsigned long count = 0;
  map >> inside >> outside >> count;
  return count > 65'534;
}

SandboxRoot::SandboxRoot() {
  const char* base = getenv("TMPDIR");
  root_storage() = std::string(base != nullptr ? base : "/tmp") + "/latchkey-pam-XXXXXX";
  if (mkdtemp(root_storage().data()) == nullptr || chmod(root_storage().c_str(), 0755) != 0) {
    perror("mkdtemp");
    abort();
  }
}

SandboxRoot::~SandboxRoot() {
  std::error_code ignored;
  std::filesystem::remove_all(root_storage(), ignored);
}

Sandbox::Sandbox() {
  std::string pattern = root_storage() + "/XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    perror("mkdtemp");
    abort();
  }
  folder_ = pattern;
  // Tests that act as another uid must reach the socket, so only writing is root's.
  const bool made = chmod(folder_.c_str(), 0755) == 0 && mkdir(run().c_str(), 0755) == 0 &&
                    mkdir(stacks().c_str(), 0755) == 0 && chmod(run().c_str(), 0755) == 0;
  if (!made) {
    perror(folder_.c_str());
    abort();
  }
  write_stack("other", "");  // libpam grumbles in the log where there is none
}

Sandbox::~Sandbox() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Sandbox::write_stack(const std::string& service, std::string text) const {
  replace_all(text, "MODULE", module_path());
  replace_all(text, "OPTIONS", socket_option());
  std::ofstream(stacks() + "/" + service) << text;
}

}  // namespace latchkey::tests
