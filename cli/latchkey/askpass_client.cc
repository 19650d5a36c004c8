// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/askpass_client.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/latchkey/askpass_protocol.h"
#include "cli/latchkey/terminal.h"
#include "core/base/text.h"
#include "ipc/packet.h"
#include "wire/secret_buffer.h"

namespace latchkey::cli {
namespace {

int connect_beside(const std::string& link) {
  const std::string path = link.substr(0, link.rfind('/')) + "/socket";
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return -1;
  std::memcpy(name.sun_path, path.data(), path.size());
  const int peer = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (peer < 0) return -1;
  if (::connect(peer, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    ::close(peer);
    return -1;
  }
  return peer;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(descriptor, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

// Runs the user's former askpass in our place; returns only where that failed.
void become_former(const char* program, const char* require, char** argv) {
  if (require != nullptr) {
    ::setenv("SSH_ASKPASS_REQUIRE", require, 1);
  } else {
    ::unsetenv("SSH_ASKPASS_REQUIRE");
  }
  const std::string path = program;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): execvp does not write through it.
  argv[0] = const_cast<char*>(path.c_str());
  ::execvp(path.c_str(), argv);
}

int ask_elsewhere(const char* prompt, char** argv) {
  const char* former = variable(kFormerAskpass);
  const char* require = variable(kFormerRequire);
  const bool former_first =
      former != nullptr && require != nullptr &&
      (std::strcmp(require, "force") == 0 || std::strcmp(require, "prefer") == 0);
  if (former_first) become_former(former, require, argv);
  const TerminalAnswer answer = ask_terminal(prompt, variable("SSH_ASKPASS_PROMPT"));
  if (answer == TerminalAnswer::no_terminal && former != nullptr && !former_first)
    become_former(former, require, argv);
  return answer == TerminalAnswer::given ? 0 : 1;
}

}  // namespace

int run_askpass(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(
        stderr,
        "latchkey-askpass: answers one prompt of ssh or sudo; 'latchkey ssh' and 'latchkey "
        "sudo' have it started\n");
    return 64;
  }
  const char* prompt = argv[1];
  const int peer = connect_beside(argv[0]);
  if (peer < 0) return ask_elsewhere(prompt, argv);
  const std::size_t length = std::strlen(prompt);
  std::array<char, 8'192> reply{};
  ssize_t got = -1;
  if (length <= reply.size() &&
      ::send(peer, prompt, length, MSG_NOSIGNAL) == static_cast<ssize_t>(length)) {
    got = ipc::receive_packet(peer, reply.data(), reply.size(), 0);
  }
  ::close(peer);
  if (got < 1 || reply[0] == kAnswerForeign) return ask_elsewhere(prompt, argv);
  const std::string_view text(reply.data() + 1, static_cast<std::size_t>(got) - 1);
  if (reply[0] == kAnswerPart) {
    const bool done = write_all(STDOUT_FILENO, text) && write_all(STDOUT_FILENO, "\n");
    wire::wipe(std::span<char>(reply));
    return done ? 0 : 1;
  }
  const std::string shown = printable(text, 1'000);  // partly written by the host
  std::fprintf(stderr, "latchkey: %.*s\n", static_cast<int>(shown.size()), shown.data());
  // A notice is no question: its empty answer lets the host go on to its verdict.
  return reply[0] == kAnswerNotice && write_all(STDOUT_FILENO, "\n") ? 0 : 1;
}

}  // namespace latchkey::cli
