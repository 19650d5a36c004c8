// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/session.h"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/render.h"

namespace latchkey::cli {
namespace {

constexpr int kOutputFailed = 74;

int tell(const Session& session, std::string_view word, const std::string& sentence, int status,
         std::span<const ipc::control::ConfigErrorRecord> errors = {}) {
  if (!session.json) {
    std::fprintf(stderr, "%slatchkeyctl: %s\n", render_config_errors(errors).c_str(),
                 clean(sentence).c_str());
    return status;
  }
  nlohmann::json out{{"error", word}, {"message", sentence}};
  for (const auto& error : errors) {
    out["errors"].push_back({{"file", error.file},
                             {"line", error.line},
                             {"column", error.column},
                             {"message", error.message}});
  }
  const int written =
      print(out.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n");
  return written == kOk ? status : written;
}

// A socket that is none may be something else that was typed in its place.
std::string without_name(const Session& session, std::string detail) {
  if (session.socket == Session{}.socket || !missing_file("", session.socket)) return detail;
  for (auto at = detail.find(session.socket); at != std::string::npos;
       at = detail.find(session.socket, at))
    detail.replace(at, session.socket.size(), "--socket");
  return detail;
}

}  // namespace

std::optional<std::string> missing_file(std::string_view option, const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return std::nullopt;
  return std::string(option) + ": " + std::strerror(errno);
}

int print(const std::string& text) {
  const bool done =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!done) std::fprintf(stderr, "latchkeyctl: the output could not be written\n");
  return done ? kOk : kOutputFailed;
}

int report(const Session& session, const ipc::Fault& fault) {
  const std::string detail = without_name(session, fault.detail);
  if (fault.kind == ipc::FaultKind::denied) {
    return tell(session, "denied",
                detail + "; the control socket is for root and the group latchkey-admin",
                kNoPermission);
  }
  return tell(session, "unavailable",
              detail + "; is latchkeyd running? (systemctl status latchkeyd)", kUnavailable);
}

int report(const Session& session, std::span<const ipc::control::ConfigErrorRecord> errors,
           const std::string& sentence) {
  return tell(session, "config_invalid", sentence, kNegative, errors);
}

int report(const Session& session, const ipc::control::CallError& error, const std::string& what) {
  using Kind = ipc::control::MethodError::Kind;
  if (error.kind == ipc::control::CallError::Kind::transport) return report(session, error.fault);
  const std::string& text = error.error.text;
  switch (error.error.kind) {
    case Kind::config_invalid:
      return report(session, error.error.errors,
                    "the configuration is invalid; the one before stays at work");
    case Kind::not_found:
      return tell(session, "not_found",
                  "there is no " + what +
                      (what == kIssuerOfThatName
                           ? ""
                           : ": it was never given, was removed, or is older than what is kept"),
                  kNegative);
    case Kind::refused:
      return tell(session, "refused", "refused: " + text, kNegative);
    case Kind::invalid_parameter:
      return tell(session, "invalid_parameter",
                  "the daemon does not take this value of '" + text + "'", kNegative);
    case Kind::other:
      break;
  }
  return tell(session, "other", "the daemon answered " + text, kNegative);
}

}  // namespace latchkey::cli
