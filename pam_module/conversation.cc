// SPDX-License-Identifier: Apache-2.0
#include "pam_module/conversation.h"

#include <cstdlib>
#include <cstring>

#include "wire/limits.h"
#include "wire/secret_buffer.h"

namespace latchkey::pam_module {

Answer::~Answer() noexcept {
  if (response_ == nullptr) return;
  if (response_->resp != nullptr) {
    wire::wipe(std::span<char>(response_->resp, std::strlen(response_->resp)));
    std::free(response_->resp);
  }
  std::free(response_);
}

void copy_printable(std::string_view text, std::span<char> out) noexcept {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size() && used + 1 < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text.data()[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text.data()[i + 1] : 0);
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
      ++i;
      continue;
    }
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) continue;
    out.data()[used++] = text.data()[i];
  }
  if (!out.empty()) out.data()[used] = '\0';
}

pam_response* Conversation::converse(int style, std::string_view text) const noexcept {
  const void* item = nullptr;
  if (pam_get_item(handle_, PAM_CONV, &item) != PAM_SUCCESS || item == nullptr) return nullptr;
  const auto* conversation = static_cast<const pam_conv*>(item);
  if (conversation->conv == nullptr) return nullptr;

  char printable[wire::kTextMost + 1];
  copy_printable(text, printable);
  const pam_message message{.msg_style = style, .msg = printable};
  const pam_message* messages = &message;
  pam_response* response = nullptr;
  const int code = conversation->conv(1, &messages, &response, conversation->appdata_ptr);
  if (code == PAM_SUCCESS) return response;
  // Applications clear the pointer when they fail; libpam's own pam_vprompt frees it where one does
  // not.
  const Answer dropped(response);
  return nullptr;
}

Answer Conversation::ask(bool echo, std::string_view text) const noexcept {
  return Answer(converse(echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF, text));
}

void Conversation::tell(bool error, std::string_view text) const noexcept {
  if (!may_tell_ || text.empty()) return;
  const Answer ignored(converse(error ? PAM_ERROR_MSG : PAM_TEXT_INFO, text));
}

}  // namespace latchkey::pam_module
