// SPDX-License-Identifier: Apache-2.0
#include "pam_module/conversation.h"

#include <cstdlib>
#include <cstring>

#include "wire/limits.h"
#include "wire/secret_buffer.h"

namespace latchkey::pam_module {

Answer::~Answer() noexcept {
  if (response_ == nullptr) return;
  // NOLINTBEGIN(cppcoreguidelines-no-malloc): PAM hands answers over in memory of malloc.
  if (response_->resp != nullptr) {
    wire::wipe(std::span<char>(response_->resp, std::strlen(response_->resp)));
    std::free(response_->resp);
  }
  std::free(response_);
  // NOLINTEND(cppcoreguidelines-no-malloc)
}

void copy_printable(std::string_view text, std::span<char> out) noexcept {
  if (out.empty()) return;
  std::size_t used = 0;
  for (const char c : text) {
    if (used + 1 == out.size()) break;
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) continue;
    // Looked for in what is shown: in the text, the two bytes may stand around one that is left
    // out.
    const bool after_c2 = used > 0 && static_cast<unsigned char>(out.data()[used - 1]) == 0xC2;
    if (after_c2 && byte >= 0x80 && byte < 0xA0) {
      --used;
      continue;
    }
    out.data()[used++] = c;
  }
  out.data()[used] = '\0';
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
