// SPDX-License-Identifier: Apache-2.0
#include "bench/pam_answers.h"

#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/jose/scratch.h"
#include "core/jose/token_digest.h"
#include "wire/parts.h"

namespace latchkey::bench {

PamAnswers::PamAnswers(std::string token) : token_(std::move(token)) {
  jose::Scratch scratch;
  if (const auto digest = jose::digest_token(token_, scratch)) digest_ = digest->hex();
}

pam_conv PamAnswers::conversation() { return {&PamAnswers::converse, this}; }

int PamAnswers::converse(int count, const pam_message** messages, pam_response** out, void* data) {
  auto& self = *static_cast<PamAnswers*>(data);
  auto* responses = static_cast<pam_response*>(
      std::calloc(  // NOLINT(cppcoreguidelines-no-malloc): who asked frees it
          static_cast<std::size_t>(count), sizeof(pam_response)));
  if (responses == nullptr) return PAM_BUF_ERR;
  for (int i = 0; i < count; ++i) {
    if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF) {
      responses[i].resp = strdup(self.answer_to(messages[i]->msg).c_str());
    } else {
      self.last_message_ = messages[i]->msg;
    }
  }
  *out = responses;
  return PAM_SUCCESS;
}

std::string PamAnswers::answer_to(std::string_view prompt) const {
  const auto marker = wire::find_marker(prompt);
  if (!marker) return {};
  if (token_.size() <= marker->most) return token_;
  std::string text(marker->most, '\0');
  const wire::Part part{marker->part, wire::parts_of(token_.size(), marker->most),
                        std::string_view(digest_).substr(0, wire::kPartDigestSize),
                        wire::slice_of(token_, marker->part, marker->most)};
  text.resize(wire::make_part(part, text).size());
  return text;
}

}  // namespace latchkey::bench
