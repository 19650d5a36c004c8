// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/session.h"

#include <string_view>

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
      print(out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  return written == kOk ? status : written;
}

}  // namespace

int print(const std::string& text) {
  const bool done =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!done) std::fprintf(stderr, "latchkeyctl: the output could not be written\n");
  return done ? kOk : kOutputFailed;
}

int report(const Session& session, const ipc::Fault& fault) {
  if (fault.kind == ipc::FaultKind::denied) {
    return tell(session, "denied",
                fault.detail + "; the control socket is for root and the group latchkey-admin",
                kNoPermission);
  }
  return tell(session, "unavailable",
              fault.detail + "; is latchkeyd running? (systemctl status latchkeyd)", kUnavailable);
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
                      ": it was never given, was removed, or is older than what is kept",
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
