// SPDX-License-Identifier: Apache-2.0
//
// The application's conversation function, with all that it may do wrong: it may be absent, fail,
// give fewer answers than asked, none, or one of any size. Whatever it gave is wiped and freed on
// every road.
//
// It may also leave by longjmp, or fork: then the connection's descriptor stays open (it is
// close-on-exec), and nothing else does, since nothing is locked and nothing is allocated by us.
#pragma once

#include <security/pam_modules.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace latchkey::pam_module {

// What libpam holds of an answer, until this goes out of scope.
class Answer {
 public:
  explicit Answer(pam_response* response) noexcept : response_(response) {}
  ~Answer() noexcept;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  bool has_text() const noexcept { return response_ != nullptr && response_->resp != nullptr; }
  std::string_view text() const noexcept { return has_text() ? response_->resp : ""; }

 private:
  pam_response* response_;
};

class Conversation {
 public:
  // Without `may_tell` (PAM_SILENT) only prompts are shown.
  Conversation(pam_handle_t* handle, bool may_tell) noexcept
      : handle_(handle), may_tell_(may_tell) {}

  // An empty answer object where the conversation failed.
  Answer ask(bool echo, std::string_view text) const noexcept;

  // That a text cannot be shown changes no verdict.
  void tell(bool error, std::string_view text) const noexcept;

 private:
  pam_response* converse(int style, std::string_view text) const noexcept;

  pam_handle_t* handle_;
  bool may_tell_;
};

// Copies `text` without its control characters other than newline and tab, and ends it with NUL;
// what does not fit is left out. A terminal obeys control characters, and C1 controls hide in UTF-8
// as C2 80 to C2 9F.
void copy_printable(std::string_view text, std::span<char> out) noexcept;

}  // namespace latchkey::pam_module
