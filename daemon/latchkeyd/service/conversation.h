// SPDX-License-Identifier: Apache-2.0
//
// One conversation with the PAM module, from Begin to Verdict (docs/PROTOCOL.md): one coroutine
// that reads from top to bottom. Whatever the peer sends, the outcome is one decision, which is
// recorded, and at most one Verdict; where the protocol was broken or the peer is gone there is
// none, and the module takes the end of file for a refusal.
//
// authenticate always asks for the token first and judges afterwards, so that nobody learns who
// exists here (SECURITY section 1 "user names guessed"). A token lives in one SecretBuffer, which
// is wiped before the verdict is sent.
#pragma once

#include <asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/decide.h"
#include "core/decision.h"
#include "core/request.h"
#include "daemon/latchkeyd/io/channel.h"
#include "daemon/latchkeyd/service/assembler.h"
#include "daemon/latchkeyd/service/desk.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {

class Conversation {
 public:
  // `peer` is a connected, non-blocking SOCK_SEQPACKET socket; `desk` outlives the conversation.
  // `pid`: the peer's, as the kernel says.
  Conversation(Desk& desk, ipc::Fd peer, pid_t pid);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  asio::awaitable<void> run();

  // Ends it: whoever waits for the peer stops waiting.
  void expire();

 private:
  // A refusal that ends the conversation early, or nothing.
  using Refused = std::optional<Decision>;
  // The worker's accounts after it asked for newer ones: the files have not changed, it has newer
  // ones, or what the files say now could not be learned.
  enum class AccountsNow : std::uint8_t { same, newer, unknown };

  // conversation.cc
  asio::awaitable<bool> receive_begin();
  void no_stranger();
  asio::awaitable<Decision> decide();
  bool admitted();
  asio::awaitable<Decision> later_call();
  Decision judge_later_call();
  WallTime time_to_judge();
  bool is_own(const Login& login) const;
  void place_login();
  void close_login();
  asio::awaitable<void> conclude(Decision decision);
  bool unheard(const Decision& decision) const;
  asio::awaitable<void> last_word(Reason reason);
  std::string user_text(Reason reason) const;
  std::size_t encode_verdict(const Decision& decision);
  void record(Decision decision);
  Refused received(Received outcome);
  Decision refuse(Reason reason, std::string detail = {}) const;
  Decision broken(Reason reason, std::string detail);
  bool lacks_account(Reason reason) const;
  Decision refuse_without_accounts() const;
  bool is_sudo(const Snapshot& snapshot) const;

  // sign_in.cc: authenticate
  asio::awaitable<Decision> sign_in();
  asio::awaitable<Refused> obtain_token();
  asio::awaitable<Refused> ask(unsigned part, unsigned parts);
  Refused read_answer();
  Expected<bool> take_answer(std::optional<Assembler>& parts);
  asio::awaitable<Refused> verify_token();
  asio::awaitable<Refused> verify_signed();
  void note_cut(Refused& refused) const;
  bool remembers(const Snapshot& snapshot);
  bool charged();
  Decision overdrawn() const;
  Refused verify_anew(const Snapshot& snapshot, std::optional<std::size_t>& need_keys);
  Decision judge_claims();

  // status_wait.cc: waiting for the status list that a token refers to
  asio::awaitable<bool> newer_status_list(const Decision& decision);
  Decision without_status_list(Decision decision) const;

  // introspect.cc: asking the issuer about the token
  asio::awaitable<Refused> verify_opaque(std::size_t issuer);
  asio::awaitable<Refused> confirm();
  asio::awaitable<Refused> introspect(std::size_t issuer, bool opaque);
  asio::awaitable<IntrospectionReply> ask_issuer(Question question);
  Refused without_answer(const Question& question, const IntrospectionReply& reply,
                         issuer::WhenDown down);
  std::chrono::milliseconds patience_left() const;

  // sign_in.cc again
  Decision judge_again();
  asio::awaitable<Decision> bind(Decision decision);
  asio::awaitable<Decision> keep_names(Decision decision);
  Refused record_login(const std::string& rule);
  asio::awaitable<KeysOutcome> newer_keys(std::string issuer, std::uint64_t seen_generation);
  asio::awaitable<AccountsNow> newer_accounts();
  asio::awaitable<Expected<void>> store_binding(NewBinding binding);
  asio::awaitable<Expected<void>> store_names(accounts::NamesChange change);
  void forget_token();

  Desk& desk_;
  pid_t pid_;
  Channel channel_;
  SteadyTime started_;
  std::string request_id_;
  LoginRequest request_;
  std::string source_;
  std::optional<Budgets::Ticket> ticket_;
  std::optional<std::list<Conversation*>::iterator> stranger_;  // until the peer says what it wants
  bool broken_ = false;                                         // no Verdict can be sent any more

  wire::SecretBuffer token_;
  std::string_view token_view_;  // the token's bytes within token_
  jose::TokenDigest digest_;
  bool bare_ = false;        // the token came as one answer
  bool charged_ = false;     // its verification was paid for
  bool remembered_ = false;  // it had been verified before
  std::optional<Verified> verified_;
  std::shared_ptr<const Introspected> introspected_;  // what the issuer says of the token
  SteadyTime heard_at_{};  // when the token was whole: since then the module waits for us
  bool waited_ = false;    // for an answer; what was verified before is looked at again
  Trace trace_;
  std::string status_error_;  // why a status list did not come
  std::string login_id_;      // of the login that was allowed
  std::string placed_id_;     // of the login whose session was opened
};

}  // namespace latchkey::latchkeyd
