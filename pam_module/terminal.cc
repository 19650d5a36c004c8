// SPDX-License-Identifier: Apache-2.0
#include "pam_module/terminal.h"

#include <security/pam_ext.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include "pam_module/channel.h"
#include "pam_module/conversation.h"
#include "pam_module/groups.h"
#include "pam_module/options.h"
#include "pam_module/request.h"
#include "pam_module/session_record.h"
#include "pam_module/verdict_table.h"
#include "wire/codec.h"
#include "wire/text.h"

namespace latchkey::pam_module {
namespace {

using wire::FrameType;
using wire::Operation;

constexpr std::string_view kLoginPrefix = "LATCHKEY_LOGIN=";

// A call on its way. Holds no more than what its steps share; the texts belong to libpam and to
// argv.
class Terminal {
 public:
  Terminal(pam_handle_t* handle, unsigned flags, Operation operation,
           const Options& options) noexcept
      : handle_(handle),
        flags_(flags),
        operation_(operation),
        options_(options),
        conversation_(handle, (flags & PAM_SILENT) == 0) {}

  Outcome run(const char* user) noexcept;

 private:
  // Nothing while the daemon may go on, else what the call came to.
  using Step = std::optional<Outcome>;

  Step begin(const char* user) noexcept;
  Step take(wire::Bytes frame) noexcept;
  Step ask(wire::Bytes frame) noexcept;
  Step tell(wire::Bytes frame) noexcept;
  Outcome finish(const wire::Verdict& verdict) noexcept;
  bool note_session(const wire::Verdict& verdict) noexcept;
  bool put_environment(const wire::Verdict& verdict) noexcept;

  // The outcome of a call that came to no verdict, with its line in the log.
  Outcome failed(ChannelFault fault) const noexcept;
  Outcome broken(const char* why) const noexcept;
  Step sent(ChannelFault fault) const noexcept {
    return fault == ChannelFault::none ? Step() : Step(failed(fault));
  }

  pam_handle_t* handle_;
  unsigned flags_;
  Operation operation_;
  const Options& options_;
  Conversation conversation_;
  Channel channel_;
  const char* user_ = nullptr;
  unsigned asks_ = 0;
  unsigned tells_ = 0;
};

Outcome Terminal::failed(ChannelFault fault) const noexcept {
  const char* path = options_.socket.data();
  if (fault == ChannelFault::system) {
    const char* why = strerrordesc_np(errno);
    pam_syslog(handle_, LOG_ERR, "latchkeyd at %s: %s: %s", path, sentence(fault),
               why == nullptr ? "unknown error" : why);
  } else {
    pam_syslog(handle_, LOG_ERR, "latchkeyd at %s: %s", path, sentence(fault));
  }
  return fault == ChannelFault::too_long ? Outcome::broken : Outcome::unavailable;
}

Outcome Terminal::broken(const char* why) const noexcept {
  pam_syslog(handle_, LOG_ERR, "latchkeyd at %s: broken conversation: %s", options_.socket.data(),
             why);
  return Outcome::broken;
}

Outcome Terminal::run(const char* user) noexcept {
  user_ = user;
  channel_.start_deadline(options_.timeout_ms);
  const ChannelFault opened = channel_.open(options_.socket);
  if (opened != ChannelFault::none) return failed(opened);
  if (const Step step = begin(user)) return *step;

  std::byte buffer[wire::kToModuleMost];
  for (;;) {
    wire::Bytes frame;
    const ChannelFault fault = channel_.receive(buffer, frame);
    if (fault != ChannelFault::none) return failed(fault);
    if (const Step step = take(frame)) return *step;
  }
}

Terminal::Step Terminal::begin(const char* user) noexcept {
  std::byte frame[wire::kBeginFrameMost];
  const wire::Encoded encoded = encode_request(handle_, operation_, flags_, user, frame);
  // A name or a host that cannot be sent may be anybody's choice: it is not logged.
  if (!encoded) return broken(wire::name(encoded.fault).data());
  return sent(channel_.send(wire::Bytes(frame, encoded.size)));
}

Terminal::Step Terminal::take(wire::Bytes frame) noexcept {
  const wire::Decoded<FrameType> type = wire::decode_header(frame);
  if (type && *type == FrameType::ask) return ask(frame);
  if (type && *type == FrameType::tell) return tell(frame);
  const wire::Decoded<wire::Verdict> verdict = wire::decode_verdict(frame);
  return verdict ? finish(*verdict) : broken(wire::name(verdict.fault).data());
}

Terminal::Step Terminal::ask(wire::Bytes frame) noexcept {
  const wire::Decoded<wire::Ask> ask = wire::decode_ask(frame);
  if (!ask) return broken(wire::name(ask.fault).data());
  if (operation_ != Operation::authenticate) return broken("a prompt in a call that may not ask");
  if (++asks_ > wire::kPromptsMost) return broken("too many prompts");

  const Answer answer = conversation_.ask(ask->echo == wire::Echo::on, ask->text);
  channel_.start_deadline(options_.timeout_ms);  // the user's time is not the daemon's
  const std::string_view text = answer.text();
  std::byte head[wire::kHeaderSize];
  if (answer.has_text() && wire::encode_answer_header(text.size(), head)) {
    return sent(
        channel_.send(head, std::as_bytes(std::span<const char>(text.data(), text.size()))));
  }
  std::byte none[wire::kNoAnswerFrameSize];
  const wire::Encoded encoded = wire::encode_no_answer(
      answer.has_text() ? wire::NoAnswer::too_long : wire::NoAnswer::conversation_error, none);
  return sent(channel_.send(wire::Bytes(none, encoded.size)));
}

Terminal::Step Terminal::tell(wire::Bytes frame) noexcept {
  const wire::Decoded<wire::Tell> tell = wire::decode_tell(frame);
  if (!tell) return broken(wire::name(tell.fault).data());
  if (++tells_ > wire::kTellsMost) return broken("too many texts");
  conversation_.tell(tell->kind == wire::TellKind::error, tell->text);
  return {};
}

Outcome Terminal::finish(const wire::Verdict& verdict) noexcept {
  const bool opens = operation_ == Operation::open_session;
  if (verdict.environment_count > 0 && operation_ != Operation::authenticate && !opens) {
    return broken("environment in a call that sets none");
  }
  if (verdict.groups_count > 0 && operation_ != Operation::setcred) {
    return broken("groups in a call that adds none");
  }
  const Outcome outcome = outcome_of(verdict.result, operation_);
  if (outcome == Outcome::broken) return broken("a verdict that this call cannot have");
  if (opens && verdict.environment_count > 0) {
    if (!note_session(verdict)) return broken("a session of no login");
  } else if (outcome == Outcome::allow && !put_environment(verdict)) {
    return Outcome::broken;
  }
  // Deleting and refreshing change no groups: hosts call setcred for both, and in processes of
  // their own.
  const bool adds = (flags_ & (PAM_ESTABLISH_CRED | PAM_REINITIALIZE_CRED)) != 0 &&
                    (flags_ & PAM_DELETE_CRED) == 0;
  if (adds && !add_groups({verdict.groups.data(), verdict.groups_count})) {
    pam_syslog(handle_, LOG_ERR, "the groups of the login could not be added (errno %d)", errno);
    return Outcome::refused;
  }
  conversation_.tell(outcome != Outcome::allow, verdict.text);
  return outcome;
}

// The verdict names the login that the daemon holds the session for: what PAM's environment says is
// not root's word alone. A note that cannot be written ends no login: that its session cannot be
// ended is said here, and by `latchkeyctl status`.
bool Terminal::note_session(const wire::Verdict& verdict) noexcept {
  std::string_view login = verdict.environment[0];
  if (verdict.environment_count != 1 || !wire::take(login, kLoginPrefix) || !names_login(login)) {
    return false;
  }
  const RecordFault fault =
      write_record(handle_, options_.sessions.data(), user_ == nullptr ? "" : user_, login);
  if (fault == RecordFault::system) {
    pam_syslog(handle_, LOG_ERR, "the session's note in %s: %s (errno %d)",
               options_.sessions.data(), sentence(fault), errno);
  } else if (fault != RecordFault::none) {
    pam_syslog(handle_, LOG_ERR, "the session's note in %s: %s", options_.sessions.data(),
               sentence(fault));
  }
  return true;
}

bool Terminal::put_environment(const wire::Verdict& verdict) noexcept {
  for (std::size_t i = 0; i < verdict.environment_count; ++i) {
    const std::string_view text = verdict.environment.data()[i];
    char line[wire::kEnvironmentBytesMost + 1];
    std::memcpy(line, text.data(), text.size());
    line[text.size()] = '\0';
    if (pam_putenv(handle_, line) != PAM_SUCCESS) {
      pam_syslog(handle_, LOG_ERR, "the login id could not be put into the PAM environment");
      return false;
    }
  }
  return true;
}

// Who this is about. Only authenticate may ask for the name, as login(1) wants it; the name is
// never changed.
Outcome find_user(pam_handle_t* handle, Operation operation, const char*& user) noexcept {
  user = nullptr;
  if (operation == Operation::authenticate) {
    const int code = pam_get_user(handle, &user, nullptr);
    if (code == PAM_CONV_ERR || code == PAM_CONV_AGAIN || code == PAM_INCOMPLETE) {
      return Outcome::conversation;
    }
    if (code != PAM_SUCCESS) user = nullptr;
  } else {
    const void* item = nullptr;
    if (pam_get_item(handle, PAM_USER, &item) == PAM_SUCCESS) user = static_cast<const char*>(item);
  }
  if (user != nullptr) return Outcome::allow;
  pam_syslog(handle, LOG_ERR, "the application names no user");
  return Outcome::broken;
}

Outcome outcome_of_call(pam_handle_t* handle, int flags, int argc, const char** argv,
                        Operation operation) noexcept {
  Options options;
  if (const OptionError error = parse_options(argc, argv, options)) {
    pam_syslog(handle, LOG_ERR, "option '%.64s': %s", error.word, error.why);
    return Outcome::broken;
  }
  const char* user = nullptr;
  if (const Outcome outcome = find_user(handle, operation, user); outcome != Outcome::allow) {
    return outcome;
  }
  if (options.is_exempt(user)) return Outcome::exempt;
  if (operation == Operation::close_session) {
    // Whatever the daemon says: the session is at its end.
    const char* login = pam_getenv(handle, "LATCHKEY_LOGIN");
    if (login != nullptr) remove_record(options.sessions.data(), login);
  }
  return Terminal(handle, static_cast<unsigned>(flags), operation, options).run(user);
}

}  // namespace

int run(pam_handle_t* handle, int flags, int argc, const char** argv,
        Operation operation) noexcept {
  const int saved = errno;
  const int code = pam_code(outcome_of_call(handle, flags, argc, argv, operation), operation);
  errno = saved;
  return code;
}

}  // namespace latchkey::pam_module
