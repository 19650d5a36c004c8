// SPDX-License-Identifier: Apache-2.0
//
// `latchkey ssh|scp|sftp|rsync|sudo …`: the unmodified tool with our askpass, the token held by
// this process alone.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/latchkey/prompt_policy.h"

namespace latchkey::cli {

struct ToolRun {
  std::string program;                 // "ssh", …, "sudo"; looked up in PATH
  std::vector<std::string> arguments;  // as the user gave them
  std::vector<std::string> hosts;      // patterns of the user's configuration
  bool verbose = false;  // say on standard error which accounts will be given the token
};

// Runs the tool to its end. Its exit status, 128 + signal, or 127 where it could not be started.
int run_tool(const ToolRun& run, std::string_view token);

// The tool's environment: `inherited` with our askpass in place and the user's former one
// remembered. The bearer token variable is left out: the tool gets the token by prompts or not at
// all.
std::vector<std::string> tool_environment(std::span<const std::string> inherited, bool sudo,
                                          const std::string& askpass);

}  // namespace latchkey::cli
