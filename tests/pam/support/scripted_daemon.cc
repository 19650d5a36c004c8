// SPDX-License-Identifier: Apache-2.0
#include "tests/pam/support/scripted_daemon.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace latchkey::tests {
namespace {

constexpr int kPatienceSeconds = 30;  // only keeps a test that has gone wrong from hanging

template <typename Encode>
Frame encoded(Encode encode) {
  Frame frame(wire::kToModuleMost);
  const wire::Encoded done = encode(std::span<std::byte>(frame));
  if (!done) {
    fprintf(stderr, "a script wants a frame that there is none of: %s\n",
            wire::name(done.fault).data());
    abort();
  }
  frame.resize(done.size);
  return frame;
}

}  // namespace

Frame ask_frame(std::string_view text, wire::Echo echo) {
  return encoded([&](auto out) { return wire::encode_ask({.echo = echo, .text = text}, out); });
}

Frame tell_frame(std::string_view text, wire::TellKind kind) {
  return encoded([&](auto out) { return wire::encode_tell({.kind = kind, .text = text}, out); });
}

Frame verdict_frame(const Reply& reply) {
  wire::Verdict verdict;
  verdict.result = reply.result;
  verdict.request_id = "00c0ffee";
  verdict.text = reply.text;
  for (const std::string& variable : reply.environment) {
    verdict.environment[verdict.environment_count++] = variable;
  }
  for (const std::uint32_t group : reply.groups) verdict.groups[verdict.groups_count++] = group;
  return encoded([&](auto out) { return wire::encode_verdict(verdict, out); });
}

Script answers(Reply reply) {
  return [reply = std::move(reply)](Peer& peer) {
    if (peer.begin()) peer.send(verdict_frame(reply));
  };
}

Script sends(std::vector<Frame> frames) {
  return [frames = std::move(frames)](Peer& peer) {
    if (!peer.begin()) return;
    for (const Frame& frame : frames) peer.send(frame);
  };
}

Frame Peer::receive() {
  Frame frame(wire::kAnswerFrameMost + 1);
  const ssize_t size = receive(frame);
  frame.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return frame;
}

// Where there is a time to wait, a process that was stopped and goes on is interrupted, too.
ssize_t Peer::receive(std::span<std::byte> into) {
  for (;;) {
    const ssize_t size = recv(descriptor_, into.data(), into.size(), 0);
    if (size >= 0 || errno != EINTR) return size;
  }
}

bool Peer::begin() {
  const Frame frame = receive();
  const auto begin = wire::decode_begin(frame);
  if (!begin) return false;
  const std::lock_guard lock(daemon_.mutex_);
  daemon_.begins_.push_back({.operation = begin->operation,
                             .flags = begin->flags,
                             .pid = begin->pid,
                             .ppid = begin->ppid,
                             .service = std::string(begin->service),
                             .user = std::string(begin->user),
                             .ruser = std::string(begin->ruser),
                             .rhost = std::string(begin->rhost),
                             .tty = std::string(begin->tty),
                             .session = std::string(begin->session),
                             .login = std::string(begin->login)});
  return true;
}

std::string Peer::answer() {
  const Frame frame = receive();
  std::string seen = "?";
  if (frame.empty()) {
    seen = "end";
  } else if (const auto answer = wire::decode_answer(frame)) {
    seen = "answer ";
    seen.append(reinterpret_cast<const char*>(answer->data()), answer->size());
  } else if (const auto none = wire::decode_no_answer(frame)) {
    seen = "no answer " + std::to_string(static_cast<int>(*none));
  }
  const std::lock_guard lock(daemon_.mutex_);
  daemon_.answers_.push_back(seen);
  return seen;
}

bool Peer::send(const Frame& frame) {
  return ::send(descriptor_, frame.data(), frame.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(frame.size());
}

bool Peer::send_text(std::string_view bytes) {
  const auto* start = reinterpret_cast<const std::byte*>(bytes.data());
  return send(Frame(start, start + bytes.size()));
}

void Peer::close_now() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

int make_listener(const std::string& path, int backlog) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  unlink(path.c_str());
  const int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      (backlog >= 0 && listen(listener, backlog) != 0)) {
    perror(path.c_str());
    close(listener);
    return -1;
  }
  return listener;
}

ScriptedDaemon::ScriptedDaemon(const std::string& path, Script script, int backlog)
    : script_(std::move(script)), listener_(make_listener(path, backlog)) {
  if (listener_ < 0 || pipe(stop_pipe_) != 0) abort();
  thread_ = std::thread([this] { serve(); });
}

ScriptedDaemon::~ScriptedDaemon() { finish(); }

void ScriptedDaemon::finish() {
  if (!thread_.joinable()) return;
  close(stop_pipe_[1]);
  thread_.join();
  close(stop_pipe_[0]);
  close(listener_);
}

void ScriptedDaemon::serve() {
  for (;;) {
    pollfd entries[2] = {{.fd = listener_, .events = POLLIN, .revents = 0},
                         {.fd = stop_pipe_[0], .events = POLLIN, .revents = 0}};
    if (poll(entries, 2, -1) < 0 && errno != EINTR) return;
    if (entries[1].revents != 0) return;
    if (entries[0].revents == 0) continue;
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Peer peer(descriptor, *this);
    script_(peer);
    peer.close_now();
  }
}

std::vector<SeenBegin> ScriptedDaemon::begins() const {
  const std::lock_guard lock(mutex_);
  return begins_;
}

std::vector<std::string> ScriptedDaemon::answers_seen() const {
  const std::lock_guard lock(mutex_);
  return answers_;
}

}  // namespace latchkey::tests
