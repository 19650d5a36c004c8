// SPDX-License-Identifier: Apache-2.0
//
// Asks on the controlling terminal, for the prompts of ssh and sudo that are not ours (host key,
// passphrase, password).
#pragma once

namespace latchkey::cli {

enum class TerminalAnswer { given, refused, no_terminal };

// Shows the prompt and copies the typed line to standard output. `hint` is SSH_ASKPASS_PROMPT:
// "confirm" wants a yes or no by exit status alone, "none" only shows the text. Yes-or-no questions
// are echoed, anything else is not. The terminal's settings are restored on every road, an
// interrupt included.
TerminalAnswer ask_terminal(const char* prompt, const char* hint);

}  // namespace latchkey::cli
