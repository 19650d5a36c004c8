// SPDX-License-Identifier: Apache-2.0
//
// A PAM conversation that gives one token to whoever prompts with Latchkey's marker, in parts where
// they ask for parts, and keeps the last message that it was shown.
#pragma once

#include <security/pam_appl.h>

#include <string>
#include <string_view>

namespace latchkey::bench {

class PamAnswers {
 public:
  explicit PamAnswers(std::string token);

  // For pam_start; this object outlives the handle.
  pam_conv conversation();

  const std::string& last_message() const { return last_message_; }
  void forget_message() { last_message_.clear(); }

 private:
  static int converse(int count, const pam_message** messages, pam_response** out, void* data);
  std::string answer_to(std::string_view prompt) const;

  std::string token_;
  std::string digest_;
  std::string last_message_;
};

}  // namespace latchkey::bench
