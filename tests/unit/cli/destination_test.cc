// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/destination.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace latchkey::cli {
namespace {

struct Case {
  std::string name;
  Tool tool;
  std::vector<std::string> arguments;
  std::vector<std::string> want;  // "options… target", one string a destination
};

std::vector<std::string> flat(const std::vector<Destination>& all) {
  std::vector<std::string> result;
  for (const Destination& destination : all) {
    std::string text;
    for (const std::string& option : destination.options) text += option + " ";
    result.push_back(text + destination.target);
  }
  return result;
}

const std::vector<Case> kCases = {
    {"a bare host", Tool::ssh, {"alice@host"}, {"alice@host"}},
    {"options before the host",
     Tool::ssh,
     {"-v", "-p", "2222", "-l", "bob", "host", "id"},
     {"-p 2222 -l bob host"}},
    {"options behind the host belong to ssh",
     Tool::ssh,
     {"host", "-p", "22", "id", "-p", "9"},
     {"-p 22 host"}},
    {"glued and grouped options",
     Tool::ssh,
     {"-vp2222", "-oUser=bob", "host"},
     {"-p 2222 -o User=bob host"}},
    {"a forwarding takes its argument", Tool::ssh, {"-L", "1:a:2", "-N", "host"}, {"host"}},
    {"nothing behind the command is read", Tool::ssh, {"host", "scp", "evil:x"}, {"host"}},
    {"a double dash ends the options", Tool::ssh, {"--", "host", "-p", "1"}, {"host"}},
    {"a jump host is an option, not a destination",
     Tool::ssh,
     {"-J", "jump", "host"},
     {"-J jump host"}},
    {"a destination that is an option is none", Tool::ssh, {"--", "-oProxyCommand=x"}, {}},
    {"no host", Tool::ssh, {"-V"}, {}},
    {"copy to a host", Tool::scp, {"-P", "2222", "f", "alice@host:dir"}, {"-p 2222 alice@host"}},
    {"copy between two hosts", Tool::scp, {"a:x", "b:y"}, {"a", "b"}},
    {"a file behind the first operand of scp is no option, whatever its name",
     Tool::scp,
     {"a.txt", "-Fevil.conf", "-oUser=mallory", "host:"},
     {"host"}},
    {"nor is it one of sftp", Tool::sftp, {"host:f", "-Fevil.conf"}, {"host"}},
    {"the same host twice counts once", Tool::scp, {"a:x", "a:y", "."}, {"a"}},
    {"a colon behind a slash is a local file", Tool::scp, {"./a:b", "host:c"}, {"host"}},
    {"scp uri with a port", Tool::scp, {"f", "scp://bob@host:22/dir/f"}, {"ssh://bob@host:22"}},
    {"an address in brackets", Tool::scp, {"f", "bob@[::1]:dir"}, {"bob@::1"}},
    {"sftp takes a host or host:path",
     Tool::sftp,
     {"-b", "batch", "alice@host:dir"},
     {"alice@host"}},
    {"sftp with a bare host", Tool::sftp, {"alice@host"}, {"alice@host"}},
    {"rsync over ssh", Tool::rsync, {"-av", "--delete", "src/", "alice@host:dst"}, {"alice@host"}},
    {"rsync with its own ssh",
     Tool::rsync,
     {"-e", "ssh -p 2222 -l bob", "a", "host:b"},
     {"-p 2222 -l bob host"}},
    {"rsync with --rsh=", Tool::rsync, {"--rsh=ssh -p 22", "host:b", "."}, {"-p 22 host"}},
    {"an rsync daemon is no ssh host",
     Tool::rsync,
     {"host::module", "[::1]::module", "rsync://host/x", "."},
     {}},
    {"two colons in the path of rsync make no daemon of its host",
     Tool::rsync,
     {"alice@host:man/Foo::Bar.3pm", "."},
     {"alice@host"}},
    {"nor do those of an address in brackets", Tool::rsync, {"bob@[::1]:dir", "."}, {"bob@::1"}},
};

TEST(Destinations, are_read_as_the_tools_read_them) {
  for (const Case& c : kCases) {
    EXPECT_EQ(flat(destinations(c.tool, c.arguments)), c.want) << c.name;
  }
}

TEST(SshG, gives_the_account_that_ssh_prints_before_a_prompt) {
  const auto account =
      parse_ssh_g("host Foo\nuser alice\nhostname Server.Example\nport 22\nhostkeyalias none\n");
  EXPECT_EQ(account, (Account{"alice", "server.example"}));
}

TEST(SshG, prefers_the_host_key_alias_as_ssh_does) {
  const auto account = parse_ssh_g("user alice\nhostname 10.0.0.1\nhostkeyalias web1\n");
  EXPECT_EQ(account, (Account{"alice", "web1"}));
}

TEST(SshG, gives_nothing_where_user_or_host_is_missing) {
  EXPECT_FALSE(parse_ssh_g("hostname a\n"));
  EXPECT_FALSE(parse_ssh_g("user a\n"));
  EXPECT_FALSE(parse_ssh_g(""));
}

}  // namespace
}  // namespace latchkey::cli
