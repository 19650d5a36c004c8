// SPDX-License-Identifier: Apache-2.0
//
// The wrapper's side of askpass: while the tool runs, each prompt's askpass process connects to the
// private socket, hands over the prompt, and gets what the policy says. Only processes of the same
// user are heard (SO_PEERCRED).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/latchkey/child.h"
#include "cli/latchkey/prompt_policy.h"
#include "wire/secret_buffer.h"

namespace latchkey::cli {

// A listening SOCK_SEQPACKET socket at `path`, or -1 (errno).
int listen_at(const std::string& path);

// Answers askpass processes until the child has ended. `signals` is a signalfd: what arrives there
// is passed on to the child, so that the wrapper outlives it and cleans up.
void serve_askpass(int listener, int signals, const Child& child, PromptPolicy& policy,
                   std::string_view token, std::string_view digest);

}  // namespace latchkey::cli
