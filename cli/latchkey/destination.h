// SPDX-License-Identifier: Apache-2.0
//
// Which remote accounts a command line of ssh, scp, sftp or rsync asks for. The unmodified tool
// runs in the end; this only reads the same arguments, so that the token is given to those accounts
// and to no other. An argument that is not understood gives no destination, and a prompt for an
// unknown destination gets no token.
#pragma once

#include <csignal>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::cli {

enum class Tool { ssh, scp, sftp, rsync };

// One account as the user wrote it, with the options that change how ssh resolves it (for `ssh
// -G`).
struct Destination {
  std::vector<std::string> options;  // ready for ssh: -o X, -F X, -p N, -l U, -J X, -i X, -4, -6 …
  std::string target;                // "host", "user@host" or "ssh://…"
};

// The destinations in `arguments` (without the tool's own name), in order, without repeats.
std::vector<Destination> destinations(Tool tool, std::span<const std::string> arguments);

// What ssh itself will connect to and print before a prompt.
struct Account {
  std::string user;
  std::string host;  // HostKeyAlias where set, else HostName; lower case, as ssh prints it
  bool operator==(const Account&) const = default;
};

// Reads the output of `ssh -G`.
std::optional<Account> parse_ssh_g(std::string_view output);

// Runs `ssh -G` for the destination, with this signal mask. Nothing where ssh refuses it.
std::optional<Account> resolve(const Destination& destination, const sigset_t& mask);

}  // namespace latchkey::cli
