// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/commands.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/latchkeyctl/all_pages.h"
#include "cli/latchkeyctl/moment.h"
#include "cli/latchkeyctl/render.h"
#include "core/base/text.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

namespace control = ipc::control;

// Above the longest fetch that can be configured.
constexpr std::chrono::seconds kRefreshPatience{90};

Style style() { return ::isatty(STDOUT_FILENO) == 1 ? Style::colour : Style::plain; }

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

int show_status(const Session& session) {
  return call_and_print<control::Status>(session, {}, [](const control::StatusAnswer& answer) {
    return render_status(answer, wall_now(), style());
  });
}

int show_issuers(const Session& session, const std::string& issuer) {
  return call_and_print<control::Issuers>(
      session, {given(issuer)},
      [](const control::IssuersAnswer& answer) {
        return render_issuers(answer.issuers, wall_now(), style());
      },
      std::string(kIssuerOfThatName));
}

// Good only where every issuer that was meant has been asked and answered well.
int refresh_keys(const Session& session, const std::string& issuer) {
  auto client = ipc::varlink::VarlinkClient::connect(session.socket);
  if (!client) return report(session, client.error());
  const auto answer =
      control::call<control::RefreshKeys>(*client, {given(issuer)}, kRefreshPatience);
  if (!answer) return report(session, answer.error(), std::string(kIssuerOfThatName));
  const bool all_good = std::all_of(
      answer->issuers.begin(), answer->issuers.end(), [](const control::RefreshedIssuer& each) {
        return each.outcome == "changed" || each.outcome == "unchanged";
      });
  const int printed = print(session.json ? control::to_json(*answer) + "\n"
                                         : render_refreshed(answer->issuers, wall_now(), style()));
  if (printed != kOk) return printed;
  return all_good ? kOk : kNegative;
}

int explain_decision(const Session& session, const std::string& id) {
  return call_and_print<control::Explain>(
      session, {id},
      [](const control::ExplainAnswer& answer) {
        return render_decision(answer.decision, style());
      },
      "decision of that id");
}

int list_decisions(const Session& session, const std::string& user, std::int64_t limit) {
  return call_and_print<control::Decisions>(
      session, {limit, given(user)},
      [](const control::DecisionsAnswer& answer) { return render_decisions(answer.decisions); });
}

int dump_config(const Session& session) {
  return call_and_print<control::GetConfig>(
      session, {}, [](const control::GetConfigAnswer& answer) { return answer.yaml; });
}

int reload(const Session& session) {
  return call_and_print<control::Reload>(session, {}, [](const control::ReloadAnswer& answer) {
    return std::string(answer.changed ? "the new configuration is at work\n"
                                      : "the configuration has not changed\n");
  });
}

int list_sessions(const Session& session) {
  control::SessionsAnswer all;
  const int status = all_pages<control::Sessions>(
      session, {}, all,
      [](control::SessionsAnswer& sum, control::SessionsRequest& request,
         control::SessionsAnswer page) {
        if (!page.sessions.empty()) request.after = page.sessions.back().id;
        const bool more = page.more && !page.sessions.empty();
        for (auto& entry : page.sessions) sum.sessions.push_back(std::move(entry));
        return more;
      });
  if (status != kOk) return status;
  return print(session.json ? ascii_json(to_json(all)) + "\n"
                            : render_sessions(all.sessions, wall_now()));
}

int end_session(const Session& session, const std::string& id) {
  return call_and_print<control::EndSession>(
      session, {id},
      [](const control::EndSessionAnswer& answer) {
        return std::string(answer.outcome == "gone"
                               ? "the session has ended\n"
                               : "the session was told, and ends when its grace time is over\n");
      },
      "session of that login");
}

int list_bindings(const Session& session) {
  control::BindingsAnswer all;
  const int status = all_pages<control::Bindings>(
      session, {}, all,
      [](control::BindingsAnswer& sum, control::BindingsRequest& request,
         control::BindingsAnswer page) {
        if (!page.bindings.empty()) request.after = page.bindings.back().user;
        const bool more = page.more && !page.bindings.empty();
        for (auto& entry : page.bindings) sum.bindings.push_back(std::move(entry));
        return more;
      });
  if (status != kOk) return status;
  return print(session.json ? ascii_json(to_json(all)) + "\n" : render_bindings(all.bindings));
}

int remove_binding(const Session& session, const std::string& user) {
  return call_and_print<control::RemoveBinding>(
      session, {user},
      [&](const control::Empty&) {
        return fmt::format("{} is free for the next subject that signs in; in force\n",
                           quoted(user));
      },
      "binding of that name");
}

}  // namespace latchkey::cli
