// SPDX-License-Identifier: Apache-2.0
//
// Any text as the parameters of every control message: what is taken is written again as something
// that is taken, and the second writing equals the first.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ipc/control.h"
#include "ipc/time_text.h"

namespace {

namespace control = latchkey::ipc::control;

template <typename... Messages>
void try_all(std::string_view text) {
  const auto try_one = [&]<typename Message>(const Message*) {
    const auto read = control::from_json<Message>(text);
    if (!read) return;
    const std::string written = control::to_json(*read);
    const auto again = control::from_json<Message>(written);
    if (!again || control::to_json(*again) != written) std::abort();
  };
  (try_one(static_cast<const Messages*>(nullptr)), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_all<control::Empty, control::StatusAnswer, control::IssuersRequest, control::IssuersAnswer,
          control::RefreshKeysRequest, control::RefreshKeysAnswer, control::GetConfigAnswer,
          control::GetKeysRequest, control::GetKeysAnswer, control::ReloadAnswer,
          control::ExplainRequest, control::ExplainAnswer, control::DecisionsRequest,
          control::DecisionsAnswer, control::RevokeRequest, control::RevokeAnswer,
          control::RevocationsRequest, control::RevocationsAnswer, control::RemoveRevocationRequest,
          control::BindingsRequest, control::BindingsAnswer, control::RemoveBindingRequest,
          control::AccountsRequest, control::AccountsAnswer, control::ChangeAccountRequest,
          control::ImportAccountsRequest, control::ImportAccountsAnswer, control::RefusedError,
          control::InvalidParameterError, control::ConfigInvalidError>(text);
  if (const auto time = latchkey::ipc::parse_time(text)) {
    const std::string written = latchkey::ipc::format_time(*time);
    const auto again = latchkey::ipc::parse_time(written);
    // Only an offset can lead out of the years that have four digits, and then the time is clamped.
    if (!again || latchkey::ipc::format_time(*again) != written) std::abort();
  }
  return 0;
}
