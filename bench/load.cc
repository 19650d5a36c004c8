// SPDX-License-Identifier: Apache-2.0
#include "bench/load.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string_view>
#include <thread>

#include "bench/pam_frames.h"
#include "ipc/packet.h"
#include "wire/codec.h"

namespace latchkey::bench {
namespace {

using Clock = std::chrono::steady_clock;

// As many addresses has each client, so that no source's budget is what is measured.
constexpr unsigned kSources = 64;

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(2);
}

class ClientThread {
 public:
  ClientThread(const LoadOptions& options, unsigned number)
      : options_(options), address_(address_of(options.socket)) {
    for (unsigned i = 0; i < kSources; ++i) {
      const std::string own = "10." + std::to_string(number % 256) + "." +
                              std::to_string(number / 256) + "." + std::to_string(i);
      const std::string& rhost = options.rhost.empty() ? own : options.rhost;
      begins_.push_back(begin_frame(options.service, options.user, rhost));
    }
    if (!wire::encode_answer_header(options.token.size(), answer_header_)) give_up("the token");
  }

  void run(Clock::time_point until) {
    times_.reserve(1U << 16U);
    auto started = Clock::now();
    while (started < until) {
      converse(begins_[times_.size() % kSources]);
      const auto ended = Clock::now();
      times_.push_back(static_cast<std::uint32_t>((ended - started).count()));
      started = ended;
    }
  }

  const std::vector<std::uint32_t>& times() const { return times_; }

 private:
  void converse(std::span<const std::byte> begin) {
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) give_up("socket");
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) {
      give_up("connect");
    }
    if (::send(fd, begin.data(), begin.size(), MSG_NOSIGNAL) < 0) give_up("send");
    if (!receive(fd, wire::FrameType::ask)) {
      ::close(fd);
      return;
    }
    std::array<iovec, 2> answer{
        iovec{answer_header_.data(), answer_header_.size()},
        iovec{const_cast<char*>(options_.token.data()), options_.token.size()}};
    msghdr message{};
    message.msg_iov = answer.data();
    message.msg_iovlen = answer.size();
    if (::sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && options_.must_allow) give_up("sendmsg");
    const auto size = receive(fd, wire::FrameType::verdict);
    ::close(fd);
    if (!size) return;
    const auto verdict = wire::decode_verdict(std::span(frame_).first(*size));
    if (!verdict || (options_.must_allow && verdict->result != wire::Result::allow)) {
      std::fprintf(stderr, "bench: no login: %.*s\n", static_cast<int>(verdict->text.size()),
                   verdict->text.data());
      std::exit(2);
    }
  }

  // Where any verdict will do, a refusal in place of the question and a closed door will do, too.
  std::optional<std::size_t> receive(int fd, wire::FrameType want) {
    const ssize_t got = ipc::receive_packet(fd, frame_.data(), frame_.size(), 0);
    if (got <= 0 && !options_.must_allow) return std::nullopt;
    if (got <= 0) give_up("recv");
    const auto size = static_cast<std::size_t>(got);
    const auto type = wire::decode_header(std::span(frame_).first(size));
    if (type && *type == want) return size;
    if (!options_.must_allow) return std::nullopt;
    std::fprintf(stderr, "bench: another frame than expected\n");
    std::exit(2);
  }

  const LoadOptions& options_;
  sockaddr_un address_;
  std::vector<std::vector<std::byte>> begins_;
  std::array<std::byte, wire::kHeaderSize> answer_header_{};
  std::array<std::byte, wire::kToModuleMost> frame_{};
  std::vector<std::uint32_t> times_;
};

std::vector<std::string> tasks_of(pid_t process) {
  std::vector<std::string> tasks;
  std::error_code ignored;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", ignored)) {
    tasks.push_back(task.path().string());
  }
  return tasks;
}

// CPU time that the living threads of a process have had.
std::chrono::nanoseconds cpu_of(pid_t process) {
  std::int64_t sum = 0;
  for (const std::string& task : tasks_of(process)) {
    std::ifstream file(task + "/schedstat");
    std::int64_t ran = 0;
    if (file >> ran) sum += ran;
  }
  return std::chrono::nanoseconds(sum);
}

std::chrono::nanoseconds own_cpu() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::chrono::nanoseconds cpu_of_all(const LoadOptions& options) {
  std::chrono::nanoseconds sum = own_cpu();
  for (const pid_t server : options.servers) sum += cpu_of(server);
  return sum;
}

}  // namespace

double LoadResult::per_second() const {
  return static_cast<double>(conversations) / std::chrono::duration<double>(elapsed).count();
}

double LoadResult::cpu_us() const {
  return std::chrono::duration<double, std::micro>(cpu).count() /
         static_cast<double>(conversations);
}

double LoadResult::percentile_us(double share) const {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(times_ns.size() - 1));
  return static_cast<double>(times_ns[at]) / 1'000;
}

LoadResult run_load(const LoadOptions& options) {
  std::vector<ClientThread> clients;
  clients.reserve(options.clients);
  for (unsigned i = 0; i < options.clients; ++i) clients.emplace_back(options, i);
  const auto cpu_before = cpu_of_all(options);
  const auto started = Clock::now();
  std::vector<std::thread> threads;
  for (ClientThread& client : clients) {
    threads.emplace_back([&client, until = started + options.length] { client.run(until); });
  }
  for (std::thread& thread : threads) thread.join();
  LoadResult result;
  result.elapsed = Clock::now() - started;
  result.cpu = cpu_of_all(options) - cpu_before;
  for (const ClientThread& client : clients) {
    result.times_ns.insert(result.times_ns.end(), client.times().begin(), client.times().end());
  }
  std::sort(result.times_ns.begin(), result.times_ns.end());
  result.conversations = result.times_ns.size();
  return result;
}

void pin(pid_t process, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  for (int i = 0; i < cpus; ++i) {
    if (cpu < 0 || cpu == i) CPU_SET(static_cast<std::size_t>(i), &set);
  }
  for (const std::string& task : tasks_of(process)) {
    const pid_t id = std::stoi(task.substr(task.rfind('/') + 1));
    if (::sched_setaffinity(id, sizeof set, &set) != 0) give_up("sched_setaffinity");
  }
}

}  // namespace latchkey::bench
