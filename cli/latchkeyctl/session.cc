// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/session.h"

#include "cli/latchkeyctl/render.h"
#include "core/base/text.h"

namespace latchkey::cli {
namespace {

constexpr int kOutputFailed = 74;

int complain(const std::string& text) {
  std::fprintf(stderr, "latchkeyctl: %s\n", text.c_str());
  return kNegative;
}

}  // namespace

int print(const std::string& text) {
  const bool done =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return done ? kOk : kOutputFailed;
}

int report(const ipc::Fault& fault) {
  complain(printable(fault.detail));
  if (fault.kind == ipc::FaultKind::denied) {
    complain("the control socket is for root and the group latchkey-admin");
    return kNoPermission;
  }
  complain("is latchkeyd running? (systemctl status latchkeyd)");
  return kUnavailable;
}

int report(const ipc::control::CallError& error, const std::string& what) {
  using Kind = ipc::control::MethodError::Kind;
  if (error.kind == ipc::control::CallError::Kind::transport) return report(error.fault);
  switch (error.error.kind) {
    case Kind::config_invalid:
      std::fputs(render_config_errors(error.error.errors).c_str(), stderr);
      return complain("the configuration is invalid; the one before stays at work");
    case Kind::not_found:
      return complain("there is no " + printable(what) +
                      ": it was never given, was removed, or is older than what is kept");
    case Kind::refused:
      return complain("refused: " + printable(error.error.text));
    case Kind::invalid_parameter:
      return complain("the daemon does not take this value of '" + printable(error.error.text) +
                      "'");
    case Kind::other:
      break;
  }
  return complain("the daemon answered " + printable(error.error.text));
}

}  // namespace latchkey::cli
