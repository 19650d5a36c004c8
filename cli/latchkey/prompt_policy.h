// SPDX-License-Identifier: Apache-2.0
//
// Which prompt gets a part of the token. A bearer token given to the wrong host can be used
// elsewhere, so a part is given only for a prompt that bears Latchkey's marker *and* was printed by
// ssh for an account that the user asked for; a jump host's prompt, a password prompt and a second
// transfer in one ssh get none. No input or output here.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "cli/latchkey/destination.h"

namespace latchkey::cli {

struct PromptRules {
  bool bare = false;  // sudo: prompts have no "(user@host) " in front and come from this host
  std::vector<Account> accounts;  // ssh: what was asked for
  std::vector<std::string>
      hosts;  // patterns of the user's configuration; empty = any host that was asked for
};

struct PromptAnswer {
  enum class Kind {
    part,      // give the answer
    notice,    // not a question: `text` is for the user to read, and an empty line is the answer
    foreign,   // not ours: the terminal or the former askpass
    withheld,  // ours, but the token must not go there; `text` says why
  };
  Kind kind = Kind::foreign;
  std::string text;  // the part, or the sentence for `withheld`; a part is wiped by who sends it
};

// The process that asks (ssh, sudo).
struct Asker {
  pid_t pid = 0;
  bool nested = false;  // an ssh started it, or not the tool: the ssh of a jump host
};

class PromptPolicy {
 public:
  explicit PromptPolicy(PromptRules rules) : rules_(std::move(rules)) {}

  // `prompt` is the askpass program's argument: written by ssh or sudo, its end by the remote host.
  // Each `asker` gets one transfer, a nested one none: a jump host may bear the name of the host
  // behind it. `digest` is the token's SHA-256 as hex.
  PromptAnswer answer(std::string_view prompt, Asker asker, std::string_view token,
                      std::string_view digest);

 private:
  struct Transfer {
    unsigned next = 1;   // the part that may be asked for next
    unsigned count = 0;  // 0 = not begun
    std::size_t most = 0;
  };

  std::string objection(std::string_view prompt) const;

  PromptRules rules_;
  std::map<pid_t, Transfer> transfers_;
};

// Shell-like pattern over host names: '*' any run, '?' one byte; case-insensitive.
bool host_matches(std::string_view pattern, std::string_view host);

}  // namespace latchkey::cli
