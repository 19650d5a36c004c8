// SPDX-License-Identifier: Apache-2.0
//
// A folder of its own for a test: PAM stacks that pam_start_confdir reads, and a socket where a
// scripted daemon may listen. Nothing outside of it is written, and it is gone afterwards. The
// module trusts sockets of uid 0 alone, so without root the test process becomes uid 0 of a user
// namespace of its own (enter_root_namespace).
#pragma once

#include <string>
#include <string_view>

namespace latchkey::tests {

// Sanitizers take stack, and keep freed memory for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized =
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

// The module under test: argv[1] of the test program.
void set_module_path(std::string path);
const std::string& module_path();

// The folder of all sandboxes of the process, removed by main(): a test that fails leaves by
// longjmp, past destructors.
class SandboxRoot {
 public:
  SandboxRoot();
  ~SandboxRoot();
  SandboxRoot(const SandboxRoot&) = delete;
  SandboxRoot& operator=(const SandboxRoot&) = delete;
};

// True where the process is uid 0 afterwards, in the machine or in a namespace of its own.
bool enter_root_namespace();
bool is_machine_root();  // uid 0 and able to become somebody else

class Sandbox {
 public:
  Sandbox();
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const std::string& folder() const { return folder_; }
  std::string stacks() const { return folder_ + "/pam.d"; }
  std::string run() const { return folder_ + "/run"; }  // the socket's directory, 0755
  std::string socket() const { return run() + "/pam.sock"; }
  std::string socket_option() const { return "socket=" + socket(); }

  // Writes the stack of a service. MODULE stands for the module's path, OPTIONS for its socket
  // option.
  void write_stack(const std::string& service, std::string text) const;

 private:
  std::string folder_;
};

}  // namespace latchkey::tests
