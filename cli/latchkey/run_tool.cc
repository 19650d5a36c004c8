// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/run_tool.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/latchkey/askpass_protocol.h"
#include "cli/latchkey/askpass_server.h"
#include "cli/latchkey/private_dir.h"
#include "core/jose/scratch.h"
#include "core/jose/token_digest.h"

namespace latchkey::cli {
namespace {

constexpr int kCannotStart = 127;
constexpr char kAskOnce[] = "-oNumberOfPasswordPrompts=1";
constexpr char kRsyncShell[] = "RSYNC_RSH";  // what rsync runs where no -e says otherwise

std::optional<Tool> tool_of(std::string_view program) {
  if (program == "ssh") return Tool::ssh;
  if (program == "scp") return Tool::scp;
  if (program == "sftp") return Tool::sftp;
  if (program == "rsync") return Tool::rsync;
  return std::nullopt;
}

PromptRules rules_of(const ToolRun& run, const sigset_t& mask) {
  PromptRules rules;
  rules.hosts = run.hosts;
  const auto tool = tool_of(run.program);
  rules.bare = !tool.has_value();
  if (!tool) return rules;
  std::vector<std::string> arguments = run.arguments;
  const char* shell = tool == Tool::rsync ? std::getenv(kRsyncShell) : nullptr;
  if (shell != nullptr) arguments.insert(arguments.begin(), std::string("--rsh=") + shell);
  for (const Destination& destination : destinations(*tool, arguments)) {
    if (auto account = resolve(destination, mask)) rules.accounts.push_back(std::move(*account));
  }
  if (run.verbose) {
    for (const Account& account : rules.accounts) {
      std::fprintf(stderr, "latchkey: the token is for %s@%s\n", account.user.c_str(),
                   account.host.c_str());
    }
    if (rules.accounts.empty())
      std::fprintf(stderr, "latchkey: no remote account found in the arguments\n");
  }
  return rules;
}

// The token is given once, so what ssh asks after a refusal could only be answered with nothing,
// and the reason of the refusal would be followed by two of "no token was given". A number on the
// command line is the user's wish; one of the configuration is not known yet when ssh starts.
bool asks_once(const ToolRun& run) {
  constexpr std::string_view kKeyword = "numberofpasswordprompts";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return tool_of(run.program).has_value() &&
         std::none_of(run.arguments.begin(), run.arguments.end(), [&](const std::string& word) {
           return std::search(word.begin(), word.end(), kKeyword.begin(), kKeyword.end(), same) !=
                  word.end();
         });
}

std::optional<std::string> take(std::vector<std::string>& environment, std::string_view name) {
  std::optional<std::string> value;
  std::erase_if(environment, [&](const std::string& entry) {
    if (entry.size() <= name.size() || entry[name.size()] != '=' || !entry.starts_with(name))
      return false;
    value = entry.substr(name.size() + 1);
    return true;
  });
  return value;
}

// Where the build puts it, beside us, or where it is installed; empty where it is in neither place.
std::string askpass_program() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return {};
  const std::string own(path.data(), static_cast<std::size_t>(length));
  const std::string folder = own.substr(0, own.rfind('/') + 1);
  for (const char* place : {"latchkey-askpass", LATCHKEY_ASKPASS_FROM_BIN}) {
    if (::access((folder + place).c_str(), X_OK) == 0) return folder + place;
  }
  return {};
}

std::vector<std::string> inherited_environment() {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) result.emplace_back(*entry);
  return result;
}

// While it lives, the terminal's interrupts are the tool's alone, and what would end the wrapper
// arrives at a descriptor instead, so that it can end the tool and clean up.
class HeldSignals {
 public:
  HeldSignals() : interrupt_(std::signal(SIGINT, SIG_IGN)), quit_(std::signal(SIGQUIT, SIG_IGN)) {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    ::sigprocmask(SIG_BLOCK, &held, &former_);
    descriptor_ = ::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~HeldSignals() {
    if (descriptor_ >= 0) ::close(descriptor_);
    ::sigprocmask(SIG_SETMASK, &former_, nullptr);
    std::signal(SIGINT, interrupt_);
    std::signal(SIGQUIT, quit_);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  int descriptor() const { return descriptor_; }
  const sigset_t& former() const { return former_; }

 private:
  void (*interrupt_)(int);
  void (*quit_)(int);
  sigset_t former_{};
  int descriptor_ = -1;
};

// The token's SHA-256 as hex; empty where OpenSSL has no memory for it, and then no part can be
// made.
std::string digest_of(std::string_view token) {
  jose::Scratch scratch;
  const auto digest = jose::digest_token(token, scratch);
  return digest ? digest->hex() : std::string{};
}

int fail_to_start(const std::string& what) {
  std::fprintf(stderr, "latchkey: %s: %s\n", what.c_str(), std::strerror(errno));
  return kCannotStart;
}

}  // namespace

std::vector<std::string> tool_environment(std::span<const std::string> inherited, bool sudo,
                                          const std::string& askpass) {
  std::vector<std::string> result(inherited.begin(), inherited.end());
  take(result, "BEARER_TOKEN");
  auto former = take(result, sudo ? "SUDO_ASKPASS" : "SSH_ASKPASS");
  auto require = sudo ? std::nullopt : take(result, "SSH_ASKPASS_REQUIRE");
  auto users_own = take(result, kFormerAskpass);
  auto users_require = take(result, kFormerRequire);
  // Below another wrapper (`latchkey rsync -e 'latchkey ssh'`) the former askpass is that one's,
  // which would hand a foreign prompt to itself for ever: what was before it is the user's.
  if (former && former->ends_with("/latchkey-askpass")) {
    former = std::move(users_own);
    require = std::move(users_require);
  }
  if (former && !former->empty()) result.push_back(std::string(kFormerAskpass) + "=" + *former);
  if (require && !require->empty()) result.push_back(std::string(kFormerRequire) + "=" + *require);
  result.push_back((sudo ? "SUDO_ASKPASS=" : "SSH_ASKPASS=") + askpass);
  if (!sudo) result.emplace_back("SSH_ASKPASS_REQUIRE=force");
  return result;
}

int run_tool(const ToolRun& run, std::string_view token) {
  const bool sudo = run.program == "sudo";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const auto folder =
      PrivateDir::make(runtime == nullptr ? std::nullopt : std::optional<std::string>(runtime));
  if (!folder) return fail_to_start("cannot make a private folder");
  const std::string askpass = askpass_program();
  if (askpass.empty()) return fail_to_start("cannot find latchkey-askpass");
  if (::symlink(askpass.c_str(), folder->askpass().c_str()) != 0)
    return fail_to_start(folder->askpass());
  const int listener = listen_at(folder->socket());
  if (listener < 0) return fail_to_start(folder->socket());

  std::vector<std::string> command{run.program};
  if (sudo) command.emplace_back("-A");
  std::vector<std::string> environment =
      tool_environment(inherited_environment(), sudo, folder->askpass());
  if (asks_once(run) && run.program != "rsync") {
    command.emplace_back(kAskOnce);
  } else if (asks_once(run) && std::getenv(kRsyncShell) == nullptr) {
    environment.push_back(std::string(kRsyncShell) + "=ssh " + kAskOnce);  // an -e wins over it
  }
  command.insert(command.end(), run.arguments.begin(), run.arguments.end());
  const HeldSignals held;
  const auto child = start(command, environment, held.former());
  if (!child) {
    const int status = fail_to_start("cannot run " + run.program);
    ::close(listener);
    return status;
  }
  // The tool connects while `ssh -G` tells whose prompts are answered; an askpass that is early
  // waits.
  PromptPolicy policy(rules_of(run, held.former()));
  serve_askpass(listener, held.descriptor(), *child, policy, token, digest_of(token));
  ::close(listener);
  return reap(*child);
}

}  // namespace latchkey::cli
