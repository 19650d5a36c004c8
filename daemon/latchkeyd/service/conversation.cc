// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "wire/codec.h"
#include "wire/parts.h"

namespace latchkey::latchkeyd {
namespace {

// PAM's flags of setcred (Linux-PAM _pam_types.h); libpam itself is seen in pam_module only.
constexpr std::uint32_t kDeleteCred = 0x4;
constexpr std::uint32_t kRefreshCred = 0x10;
// Of every call: show no messages. sudo sets it always.
constexpr std::uint32_t kSilent = 0x8000;

LoginRequest request_of(const wire::Begin& begin) {
  return LoginRequest{
      .operation = static_cast<Operation>(begin.operation),
      .service = std::string(begin.service),
      .user = std::string(begin.user),
      .ruser = std::string(begin.ruser),
      .rhost = std::string(begin.rhost),
      .tty = std::string(begin.tty),
      .session = std::string(begin.session),
      .login = std::string(begin.login),
      .flags = begin.flags,
      .pid = begin.pid,
      .ppid = begin.ppid,
  };
}

wire::Result result_of(Reason reason) {
  if (reason == Reason::conversation_failed) return wire::Result::conversation;
  switch (row(reason).kind) {
    case ReasonClass::allowed:
      return wire::Result::allow;
    case ReasonClass::refused:
      return wire::Result::refused;
    case ReasonClass::user_unknown:
      return wire::Result::user_unknown;
    case ReasonClass::not_managed:
      return wire::Result::not_managed;
    case ReasonClass::unavailable:
      break;
  }
  return wire::Result::unavailable;
}

// Texts go where a person reads them: PAM shows those of authenticate and account, and a refused
// open_session at least reaches logs. "Not managed" is for the rest of the stack to talk about.
bool has_text(Operation operation, ReasonClass kind) {
  if (kind == ReasonClass::allowed) return false;
  if (operation == Operation::authenticate) return true;
  if (kind == ReasonClass::not_managed) return false;
  return operation == Operation::account || operation == Operation::open_session;
}

// What happens at every login of everybody is worth a line once, not five times.
LogLevel level_of(Operation operation, Reason reason) {
  const ReasonClass kind = row(reason).kind;
  if (operation != Operation::authenticate &&
      (kind == ReasonClass::allowed || kind == ReasonClass::not_managed)) {
    return LogLevel::debug;
  }
  return log_level(row(reason).level);
}

}  // namespace

Conversation::Conversation(Desk& desk, ipc::Fd peer, pid_t pid)
    : desk_(desk),
      pid_(pid),
      channel_(desk.loop.context(), desk.deadlines, std::move(peer)),
      started_(SteadyTime::clock::now()),
      request_id_(desk.ids.request_id()) {
  channel_.set_deadline(started_ + desk.patience.first_frame);
  stranger_ = desk.strangers.insert(desk.strangers.end(), this);
  desk_.services.counters.conversations.fetch_add(1, std::memory_order_relaxed);
}

Conversation::~Conversation() {
  forget_token();
  no_stranger();
  desk_.services.counters.conversations.fetch_sub(1, std::memory_order_relaxed);
}

asio::awaitable<void> Conversation::run() {
  const bool begun = co_await receive_begin();
  if (!begun) co_return;
  Decision decision = co_await decide();
  forget_token();
  co_await conclude(std::move(decision));
}

asio::awaitable<bool> Conversation::receive_begin() {
  const Received outcome = co_await channel_.receive(desk_.frame);
  no_stranger();
  const wire::Decoded<wire::Begin> begin = wire::decode_begin(desk_.frame.bytes());
  if (outcome == Received::message && begin) {
    request_ = request_of(*begin);
    desk_.frame.wipe();
    channel_.set_deadline(started_ + desk_.patience.conversation);
    co_return true;
  }
  desk_.frame.wipe();
  if (outcome == Received::ended || outcome == Received::expired)
    co_return false;  // said nothing: nothing to record
  record(refuse(Reason::request_invalid, fmt::format("first frame: {}", wire::name(begin.fault))));
  co_return false;
}

void Conversation::expire() {
  no_stranger();
  channel_.expire();
}

void Conversation::no_stranger() {
  if (stranger_) desk_.strangers.erase(*std::exchange(stranger_, std::nullopt));
}

asio::awaitable<Decision> Conversation::decide() {
  if (!admitted()) co_return refuse(Reason::budget_exhausted, "no slot is left for this source");
  if (request_.operation == Operation::authenticate) co_return co_await sign_in();
  co_return co_await later_call();
}

// Takes a slot for the time of the conversation.
bool Conversation::admitted() {
  const config::Config& config = *desk_.snapshot->config;
  const bool sudo = is_sudo(*desk_.snapshot);
  const Lane lane = request_.operation != Operation::authenticate ? Lane::later
                    : sudo                                        ? Lane::sudo
                                                                  : Lane::sign_in;
  source_ = source_of(request_, sudo);
  ticket_ =
      desk_.services.budgets.admit(source_, lane, config.budgets, desk_.services.clock.steady());
  return ticket_.has_value();
}

asio::awaitable<Decision> Conversation::later_call() {
  heard_at_ = desk_.services.clock.steady();
  Decision decision = judge_later_call();
  if (co_await newer_status_list(decision)) decision = judge_later_call();
  decision = without_status_list(std::move(decision));
  if (lacks_account(decision.reason)) {
    const AccountsNow accounts = co_await newer_accounts();
    if (accounts == AccountsNow::newer) decision = judge_later_call();
    if (accounts == AccountsNow::unknown) decision = refuse_without_accounts();
  }
  if (request_.operation == Operation::open_session && decision.allowed()) place_login();
  if (request_.operation == Operation::close_session) close_login();
  co_return decision;
}

Decision Conversation::judge_later_call() {
  const Services& services = desk_.services;
  const std::string_view person = latchkey::person(request_, *desk_.snapshot->config);
  const std::shared_ptr<const Login> login = services.logins.find(request_.login, person);
  const std::shared_ptr<const LastSeen> last_seen = services.logins.last_seen(person);
  return latchkey::judge_later_call(request_, login.get(), last_seen.get(), *desk_.snapshot,
                                    time_to_judge());
}

// Now; the time zone with it, where a rule asks for that.
WallTime Conversation::time_to_judge() {
  const Clock& clock = desk_.services.clock;
  const WallTime now = clock.wall();
  if (desk_.snapshot->config->asks_for_time()) request_.utc_offset = clock.utc_offset(now);
  return now;
}

// Whether the login is this process's to open or close. Its id comes out of PAM's environment, and
// users can write to that in some stacks (pam_env's user_readenv): the id of another session, which
// stands in that session's environment, must neither move nor close it. Which process it is the
// kernel says.
bool Conversation::is_own(const Login& login) const {
  return login.service == request_.service && (!login.place || login.place->pid == pid_);
}

// The session of a login, for whoever ends it. The verdict names the login to the module, which
// notes the session under that name. A login without a token's (a key's) has no id and no note.
void Conversation::place_login() {
  const Services& services = desk_.services;
  const std::string_view person = latchkey::person(request_, *desk_.snapshot->config);
  const std::shared_ptr<const Login> login = services.logins.find(request_.login, person);
  if (login == nullptr || !is_own(*login)) {
    // Such as one that was forgotten between the sign-in and here.
    if (!request_.login.empty()) {
      services.journal.log(LogLevel::warning,
                           "a session names a login that is not its own: no revocation of a token "
                           "ends it",
                           {{"request_id", request_id_},
                            {"login", request_.login},
                            {"user", request_.user},
                            {"service", request_.service}});
    }
    return;
  }
  const auto placed = services.logins.place(login->id, person,
                                            {.pid = pid_,
                                             .tty = request_.tty,
                                             .session = request_.session,
                                             .opened_at = services.clock.wall()});
  if (placed == nullptr) return;
  // What ends sessions finds them by the pid that the module notes.
  if (pid_ != request_.pid) {
    services.journal.log(LogLevel::error,
                         "a session was opened in another pid namespace: it cannot be ended",
                         {{"request_id", request_id_},
                          {"login", request_.login},
                          {"user", request_.user},
                          {"service", request_.service}});
  }
  services.store.put_login(placed);
  placed_id_ = placed->id;
}

// Whatever the verdict: the session is at its end.
void Conversation::close_login() {
  const Services& services = desk_.services;
  const std::string_view person = latchkey::person(request_, *desk_.snapshot->config);
  const std::shared_ptr<const Login> login = services.logins.find(request_.login, person);
  if (login == nullptr || !is_own(*login)) return;
  if (services.logins.close(login->id, person)) {
    services.store.close_login(login->id, services.clock.wall());
  }
}

// The decision is on record before anybody hears of it, so that `explain` finds what the user was
// told.
asio::awaitable<void> Conversation::conclude(Decision decision) {
  const bool allowed = decision.allowed();
  if (unheard(decision)) {
    record(decision);
    co_await last_word(decision.reason);
    const std::size_t verdict = broken_ ? 0 : encode_verdict(decision);
    if (verdict != 0) co_await channel_.send(std::span(desk_.out).first(verdict));
    co_return;
  }
  const std::size_t size = broken_ ? 0 : encode_verdict(decision);
  record(std::move(decision));
  if (size == 0) co_return;
  const bool sent = co_await channel_.send(std::span(desk_.out).first(size));
  if (sent || !allowed || login_id_.empty()) co_return;
  // Nobody heard of this login, so it is none.
  if (desk_.services.logins.close(login_id_, latchkey::person(request_, *desk_.snapshot->config))) {
    desk_.services.store.close_login(login_id_, desk_.services.clock.wall());
  }
}

// Whether the user would never learn why: the module honours PAM_SILENT, and sudo always sets it. A
// prompt is shown all the same, so the refusal of a sign-in is put into one
// (docs/decisions/sudo-is-silent.md).
bool Conversation::unheard(const Decision& decision) const {
  return !broken_ && !decision.allowed() && request_.operation == Operation::authenticate &&
         (request_.flags & kSilent) != 0 && decision.reason != Reason::conversation_failed;
}

// Shows the reason, waits for Enter, and drops whatever was typed.
asio::awaitable<void> Conversation::last_word(Reason reason) {
  const std::string text = user_text(reason) + ". Press Enter " + std::string(wire::kNoticeMarker);
  const std::size_t size =
      wire::encode_ask({.echo = wire::Echo::off, .text = text}, desk_.out).size;
  const bool sent = size != 0 && co_await channel_.send(std::span(desk_.out).first(size));
  if (!sent) {
    broken_ = true;
    co_return;
  }
  const Received outcome = co_await channel_.receive(desk_.frame);
  const wire::Bytes frame = desk_.frame.bytes();
  const bool answered =
      outcome == Received::message && (wire::decode_answer(frame) || wire::decode_no_answer(frame));
  desk_.frame.wipe();
  if (!answered) broken_ = true;
}

std::string Conversation::user_text(Reason reason) const {
  return fmt::format("{} ({}, request {})", row(reason).user, row(reason).code, request_id_);
}

// 0 where it cannot be encoded: then there is no Verdict, which refuses.
std::size_t Conversation::encode_verdict(const Decision& decision) {
  const ReasonRow& reason = row(decision.reason);
  std::string text;
  if (has_text(request_.operation, reason.kind)) {
    text = user_text(decision.reason);
  }
  std::string environment;
  wire::Verdict verdict{
      .result = result_of(decision.reason), .request_id = request_id_, .text = text};
  const std::string& login = login_id_.empty() ? placed_id_ : login_id_;
  if (decision.allowed() && !login.empty()) {
    environment = "LATCHKEY_LOGIN=" + login;
    verdict.environment[verdict.environment_count++] = environment;
  }
  // In sudo PAM_USER is the target, which gets none of the caller's groups (DESIGN section 5).
  if (decision.allowed() && decision.identity && request_.operation == Operation::setcred &&
      (request_.flags & (kDeleteCred | kRefreshCred)) == 0 && !is_sudo(*desk_.snapshot)) {
    const std::vector<std::uint32_t>& gids = decision.identity->gids;
    verdict.groups_count = std::min(gids.size(), wire::kGroupsMost);
    std::copy_n(gids.begin(), verdict.groups_count, verdict.groups.begin());
  }
  return wire::encode_verdict(verdict, desk_.out).size;
}

// One line, one entry for `explain`, one count.
void Conversation::record(Decision decision) {
  const Services& services = desk_.services;
  const ReasonRow& reason = row(decision.reason);
  services.counters.count(reason.kind);
  const LogLevel level = level_of(request_.operation, decision.reason);
  if (services.journal.enabled(level)) {
    const std::string pid = std::to_string(request_.pid);
    services.journal.log(level, reason.administrator,
                         {{"request_id", request_id_},
                          {"reason", reason.code},
                          {"operation", name(request_.operation)},
                          {"service", request_.service},
                          {"user", request_.user},
                          {"ruser", request_.ruser},
                          {"rhost", request_.rhost},
                          {"tty", request_.tty},
                          {"pid", pid},
                          {"issuer", decision.issuer},
                          {"subject", decision.subject},
                          {"key_id", decision.key_id},
                          {"rule", decision.rule},
                          {"detail", decision.detail}});
  }
  // Later calls that are let through would push out the decisions that somebody asks about.
  const bool routine = level == LogLevel::debug && request_.operation != Operation::account;
  if (routine) return;
  services.decisions.add(LoggedDecision{.id = request_id_,
                                        .time = services.clock.wall(),
                                        .request = request_,
                                        .decision = std::move(decision),
                                        .remembered = remembered_},
                         source_);
}

// Nothing where a message is there.
Conversation::Refused Conversation::received(Received outcome) {
  switch (outcome) {
    case Received::message:
      return std::nullopt;
    case Received::cut:
      return broken(Reason::request_invalid, "a frame is longer than any may be");
    case Received::ended:
      return broken(Reason::conversation_failed, "the caller went away");
    case Received::expired:
      return broken(Reason::conversation_timeout, "no answer came in time");
    case Received::failed:
      break;
  }
  return broken(Reason::internal_error, "the socket failed");
}

Decision Conversation::refuse(Reason reason, std::string detail) const {
  Decision decision;
  decision.reason = reason;
  decision.detail = std::move(detail);
  decision.trace = trace_;
  return decision;
}

Decision Conversation::broken(Reason reason, std::string detail) {
  broken_ = true;
  return refuse(reason, std::move(detail));
}

// What may be otherwise for an account that was made a moment ago. A name that the configuration
// keeps out of our hands is none of ours whatever the files say.
bool Conversation::lacks_account(Reason reason) const {
  const config::Config& config = *desk_.snapshot->config;
  const std::vector<std::string>& never = config.managed.unmanaged;
  return reason == Reason::user_unknown || reason == Reason::account_conflict ||
         (reason == Reason::not_managed &&
          std::find(never.begin(), never.end(), latchkey::person(request_, config)) == never.end());
}

// "None of ours" and "no such user" open stacks, so they are never said from memory.
Decision Conversation::refuse_without_accounts() const {
  return refuse(Reason::internal_error,
                "the account files have changed, and could not be read anew in time");
}

bool Conversation::is_sudo(const Snapshot& snapshot) const {
  const std::vector<std::string>& services = snapshot.config->sudo_services;
  return std::find(services.begin(), services.end(), request_.service) != services.end();
}

}  // namespace latchkey::latchkeyd
