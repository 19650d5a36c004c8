// SPDX-License-Identifier: Apache-2.0
//
// Starting the unmodified tools. Nothing goes through a shell: a command is a list of words.
#pragma once

#include <csignal>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

namespace latchkey::cli {

// What the command printed on standard output (at most 1 MiB), where it ended with status 0. Its
// standard error is dropped: the tool that is run beside it complains of the same. Its standard
// input is empty. The words are looked up in PATH.
std::optional<std::string> output_of(std::span<const std::string> command, const sigset_t& mask);

// A started child and a descriptor (pidfd) that becomes readable when it has ended.
struct Child {
  pid_t pid = -1;
  int pidfd = -1;
};

// Starts the command with exactly this environment ("NAME=VALUE"), our terminal, our standard
// streams and this signal mask. Nothing where it could not be started; errno says why.
std::optional<Child> start(std::span<const std::string> command,
                           std::span<const std::string> environment, const sigset_t& mask);

// Reaps an ended child: its exit status, or 128 + the signal that ended it.
int reap(const Child& child);

}  // namespace latchkey::cli
