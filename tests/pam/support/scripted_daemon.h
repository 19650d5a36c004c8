// SPDX-License-Identifier: Apache-2.0
//
// A latchkeyd that does as a test tells it, byte by byte if need be. It serves its socket from one
// thread, a connection at a time; what it was told is read after finish(), or by the script itself.
#pragma once

#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "wire/codec.h"

namespace latchkey::tests {

using Frame = std::vector<std::byte>;

// A Begin frame whose strings are its own.
struct SeenBegin {
  wire::Operation operation = wire::Operation::authenticate;
  unsigned flags = 0;
  int pid = 0;
  int ppid = 0;
  std::string service, user, ruser, rhost, tty, session, login;
};

struct Reply {
  wire::Result result = wire::Result::allow;
  std::string text;
  std::vector<std::string> environment;
  std::vector<std::uint32_t> groups;
};

Frame ask_frame(std::string_view text, wire::Echo echo = wire::Echo::off);
Frame tell_frame(std::string_view text, wire::TellKind kind = wire::TellKind::info);
Frame verdict_frame(const Reply& reply = {});

// One connection, from the daemon's side.
class Peer {
 public:
  Peer(int descriptor, class ScriptedDaemon& daemon) : descriptor_(descriptor), daemon_(daemon) {}

  // The next frame is a Begin, which is noted; false if it is none.
  bool begin();
  // The next frame, an Answer or a NoAnswer: "answer TEXT", "no answer 1"; "end" where the module
  // is gone, "?" for anything else. Noted, too.
  std::string answer();
  Frame receive();                             // empty at the end of the connection
  ssize_t receive(std::span<std::byte> into);  // as recv() tells; an interruption is none
  bool send(const Frame& frame);
  bool send_text(std::string_view bytes);
  void close_now();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  ScriptedDaemon& daemon_;
};

using Script = std::function<void(Peer&)>;

// Begin, then that verdict.
Script answers(Reply reply);
// Begin, then those frames one after the other, then the end of the connection.
Script sends(std::vector<Frame> frames);

class ScriptedDaemon {
 public:
  // Listens at `path` at once; the script runs for every connection.
  ScriptedDaemon(const std::string& path, Script script, int backlog = 64);
  ~ScriptedDaemon();
  ScriptedDaemon(const ScriptedDaemon&) = delete;
  ScriptedDaemon& operator=(const ScriptedDaemon&) = delete;

  // Stops serving; the socket's file stays. What was seen is complete after it.
  void finish();

  std::vector<SeenBegin> begins() const;
  std::vector<std::string> answers_seen() const;

 private:
  friend class Peer;
  void serve();

  Script script_;
  int listener_ = -1;
  int stop_pipe_[2] = {-1, -1};
  mutable std::mutex mutex_;
  std::vector<SeenBegin> begins_;
  std::vector<std::string> answers_;
  std::thread thread_;
};

// A bound socket, listening if `backlog` is not negative; -1 where that fails.
int make_listener(const std::string& path, int backlog);

}  // namespace latchkey::tests
