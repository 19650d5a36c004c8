// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/destination.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "cli/latchkey/child.h"

namespace latchkey::cli {
namespace {

// getopt strings of OpenSSH 9.2's ssh.c, scp.c and sftp.c: a letter before ':' takes an argument.
constexpr std::string_view kSshOptions =
    "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy";
constexpr std::string_view kScpOptions = "12346ABCTdfOpqRrstvZ:D:F:J:M:P:S:c:i:l:o:X:";
constexpr std::string_view kSftpOptions = "1246AafhNpqrvCc:D:i:l:o:s:S:b:B:F:J:P:R:X:";

bool takes_argument(std::string_view options, char letter) {
  const auto at = options.find(letter);
  return at != std::string_view::npos && at + 1 < options.size() && options[at + 1] == ':';
}

// Options that change where ssh connects to or as whom; -P is the port of scp and sftp.
void keep_option(Tool tool, char letter, const std::string& value, std::vector<std::string>& kept) {
  constexpr std::string_view kShared = "FJoi";
  constexpr std::string_view kSshOnly = "lp";
  if (kShared.find(letter) != std::string_view::npos ||
      (tool == Tool::ssh && kSshOnly.find(letter) != std::string_view::npos)) {
    kept.push_back(std::string("-") + letter);
    kept.push_back(value);
  } else if (letter == 'P' && tool != Tool::ssh) {
    kept.push_back("-p");
    kept.push_back(value);
  }
}

struct Scan {
  std::vector<std::string> options;
  std::vector<std::string> operands;
};

// Reads short options as OpenSSH's getopt(3) does: no option stands behind an operand, since a file
// name that begins with '-' must not become one here (`-F` names a file whose `Match exec` runs).
// Only ssh starts over behind its destination; `most_operands` stops it at the first word of the
// remote command.
Scan scan(Tool tool, std::string_view options, std::span<const std::string> arguments,
          std::size_t most_operands) {
  Scan result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      result.operands.insert(result.operands.end(),
                             arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                             arguments.end());
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      if (tool != Tool::ssh) {
        result.operands.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
        break;
      }
      result.operands.push_back(argument);
      if (result.operands.size() > most_operands) break;
      continue;
    }
    for (std::size_t at = 1; at < argument.size(); ++at) {
      const char letter = argument[at];
      if (!takes_argument(options, letter)) {
        if (letter == '4' || letter == '6') result.options.push_back(std::string("-") + letter);
        continue;
      }
      std::string value = argument.substr(at + 1);
      if (value.empty() && i + 1 < arguments.size()) value = arguments[++i];
      keep_option(tool, letter, value, result.options);
      break;
    }
  }
  return result;
}

bool is_uri(std::string_view operand, std::string_view scheme) {
  return operand.starts_with(scheme);
}

// "user@host:path" or "host:path" -> "user@host". A colon behind a slash belongs to a local path;
// "[v6]:path" keeps its address without the brackets, as scp does.
std::optional<std::string> remote_part(std::string_view operand) {
  const auto bracket = operand.find("]:");
  if (bracket != std::string_view::npos) {
    const auto open = operand.find('[');
    const bool user_before = open != std::string_view::npos && open > 0 && operand[open - 1] == '@';
    if (open == 0 || user_before) {
      return std::string(operand.substr(0, open)) +
             std::string(operand.substr(open + 1, bracket - open - 1));
    }
  }
  const auto colon = operand.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  if (operand.substr(0, colon).find('/') != std::string_view::npos) return std::nullopt;
  return std::string(operand.substr(0, colon));
}

// "scp://user@host:22/path" -> "ssh://user@host:22", which ssh -G reads itself.
std::string ssh_uri(std::string_view operand) {
  std::string_view rest = operand.substr(operand.find("://") + 3);
  rest = rest.substr(0, rest.find('/'));
  return "ssh://" + std::string(rest);
}

std::vector<std::string> copy_targets(Tool tool, std::span<const std::string> operands) {
  std::vector<std::string> targets;
  for (const std::string& operand : operands) {
    if (is_uri(operand, "scp://") || is_uri(operand, "sftp://")) {
      targets.push_back(ssh_uri(operand));
    } else if (auto part = remote_part(operand)) {
      targets.push_back(std::move(*part));
    } else if (tool == Tool::sftp && targets.empty()) {
      targets.push_back(operand);
    }
    if (tool == Tool::sftp && !targets.empty()) break;
  }
  return targets;
}

// rsync: "-e 'ssh -p 2222'" or "--rsh=…" may carry ssh's own options; words are split at blanks, as
// rsync does.
struct RsyncScan {
  std::vector<std::string> ssh_words;
  std::vector<std::string> operands;
};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  std::string word;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ' ') {
      if (!word.empty()) result.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) result.push_back(word);
  return result;
}

RsyncScan scan_rsync(std::span<const std::string> arguments) {
  RsyncScan result;
  constexpr std::string_view kWithArgument = "efBTM@";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.starts_with("--rsh=")) {
      result.ssh_words = words(std::string_view(argument).substr(6));
    } else if (argument == "--rsh" && i + 1 < arguments.size()) {
      result.ssh_words = words(arguments[++i]);
    } else if (argument.starts_with("--") || argument == "-") {
      continue;
    } else if (argument.size() > 1 && argument[0] == '-') {
      const auto at = argument.find_first_of(kWithArgument, 1);
      if (at == std::string::npos) continue;
      std::string value = argument.substr(at + 1);
      if (value.empty() && i + 1 < arguments.size()) value = arguments[++i];
      if (argument[at] == 'e') result.ssh_words = words(value);
    } else {
      result.operands.push_back(argument);
    }
  }
  return result;
}

// rsync's "host::module": a second colon right behind the one that ends the host. Further on it
// belongs to a path ("host:Foo::Bar.3pm"), and inside brackets to an address.
bool names_daemon(std::string_view operand) {
  auto colon = operand.find(':');
  if (operand.find('[') < colon) colon = std::min(operand.find("]:"), operand.size() - 1) + 1;
  return colon < operand.size() && operand.substr(colon).starts_with("::");
}

std::vector<Destination> rsync_destinations(std::span<const std::string> arguments) {
  const RsyncScan found = scan_rsync(arguments);
  std::vector<std::string> options;
  if (found.ssh_words.size() > 1) {
    options = scan(Tool::ssh, kSshOptions, std::span(found.ssh_words).subspan(1), 0).options;
  }
  std::vector<Destination> result;
  for (const std::string& operand : found.operands) {
    if (operand.starts_with("rsync://") || names_daemon(operand)) continue;
    if (auto part = remote_part(operand)) result.push_back({options, std::move(*part)});
  }
  return result;
}

void drop_repeats(std::vector<Destination>& all) {
  std::vector<Destination> kept;
  for (Destination& candidate : all) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Destination& other) {
      return other.target == candidate.target && other.options == candidate.options;
    });
    if (!known) kept.push_back(std::move(candidate));
  }
  all = std::move(kept);
}

}  // namespace

std::vector<Destination> destinations(Tool tool, std::span<const std::string> arguments) {
  std::vector<Destination> result;
  if (tool == Tool::rsync) {
    result = rsync_destinations(arguments);
  } else if (tool == Tool::ssh) {
    Scan found = scan(tool, kSshOptions, arguments, 1);
    if (!found.operands.empty())
      result.push_back({std::move(found.options), found.operands.front()});
  } else {
    const Scan found =
        scan(tool, tool == Tool::scp ? kScpOptions : kSftpOptions, arguments, arguments.size());
    for (std::string& target : copy_targets(tool, found.operands)) {
      result.push_back({found.options, std::move(target)});
    }
  }
  // A target that begins with '-' would be an option to ssh -G.
  std::erase_if(result,
                [](const Destination& d) { return d.target.empty() || d.target[0] == '-'; });
  drop_repeats(result);
  return result;
}

std::optional<Account> parse_ssh_g(std::string_view output) {
  Account account;
  std::string alias;
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(output.size(), line.size() + 1));
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, blank);
    const std::string_view value = line.substr(blank + 1);
    if (key == "user") account.user = value;
    if (key == "hostname") account.host = value;
    if (key == "hostkeyalias" && value != "none") alias = value;
  }
  if (account.user.empty() || account.host.empty()) return std::nullopt;
  std::transform(account.host.begin(), account.host.end(), account.host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!alias.empty()) account.host = alias;
  return account;
}

std::optional<Account> resolve(const Destination& destination, const sigset_t& mask) {
  std::vector<std::string> command{"ssh", "-G", "-T"};  // -T: not a word about terminals
  command.insert(command.end(), destination.options.begin(), destination.options.end());
  command.push_back("--");
  command.push_back(destination.target);
  const auto output = output_of(command, mask);
  if (!output) return std::nullopt;
  return parse_ssh_g(*output);
}

}  // namespace latchkey::cli
