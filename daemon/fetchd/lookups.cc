// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/lookups.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace latchkey::fetchd {
namespace {

struct FreeList {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// Of getaddrinfo: what a name server says or does not say. The rest is this host's own trouble.
bool is_of_the_name(int error) {
  return error == EAI_NONAME || error == EAI_NODATA || error == EAI_AGAIN || error == EAI_FAIL;
}

tl::unexpected<HttpFailure> fail(const std::string& host, std::string_view what, bool unreachable) {
  return tl::unexpected(HttpFailure{.cause = "name look-up: " + host + ": " + std::string(what),
                                    .retry_after = {},
                                    .unreachable = unreachable});
}

std::optional<std::string> text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (address.sa_family == AF_INET6)
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (bytes == nullptr ||
      ::inet_ntop(address.sa_family, bytes, text.data(), text.size()) == nullptr)
    return std::nullopt;
  return text.data();
}

}  // namespace

Addresses resolve_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  errno = 0;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const int number = errno;
  const std::unique_ptr<addrinfo, FreeList> list(error == 0 ? found : nullptr);
  if (error != 0) {
    const char* said = error == EAI_SYSTEM ? std::strerror(number) : ::gai_strerror(error);
    return fail(host, said, is_of_the_name(error));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    if (auto text = text_of(*each->ai_addr)) addresses.push_back(*std::move(text));
  }
  if (addresses.empty()) return fail(host, "no address of a kind that we know", false);
  return addresses;
}

struct Lookups::Shared {
  Resolve resolve;
  ipc::Fd ended;
  std::mutex mutex;  // of the results
};

class Lookups::Lookup {
 public:
  Lookup(std::shared_ptr<Shared> with, std::string for_issuer, std::string of_host,
         Clock::time_point now)
      : shared(std::move(with)),
        issuer(std::move(for_issuer)),
        host(std::move(of_host)),
        begun_at(now) {}

  // On its own thread. The last thing that it does is to say so.
  void run() {
    Addresses came = shared->resolve(host);
    {
      const std::lock_guard lock(shared->mutex);
      result = std::move(came);
    }
    const std::uint64_t one = 1;
    if (::write(shared->ended.get(), &one, sizeof(one)) != sizeof(one)) std::abort();
  }

  const std::shared_ptr<Shared> shared;
  const std::string issuer;
  const std::string host;
  const Clock::time_point begun_at;
  std::optional<Addresses> result;
  std::optional<Clock::time_point> ended_at;  // as it was noticed; of the owner's thread alone

  bool serves(Clock::time_point now) const {
    return result->has_value() && *ended_at - begun_at >= kHangsAfter &&
           now - *ended_at < kLateKept;
  }
};

Lookups::Lookups(Resolve resolve)
    : shared_(std::make_shared<Shared>(std::move(resolve),
                                       ipc::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)))) {
  if (!shared_->ended) std::abort();
}

Lookups::~Lookups() = default;

tl::expected<std::shared_ptr<const Lookups::Lookup>, HttpFailure> Lookups::find(
    const std::string& issuer, const std::string& host, Clock::time_point now) {
  sweep(now);
  std::size_t of_host = 0;
  std::size_t of_issuer = 0;
  bool asked_just_now = false;
  for (const auto& each : lookups_) {
    if (each->host == host && (each->ended_at || now - each->begun_at < kHangsAfter)) return each;
    if (each->ended_at) continue;
    if (each->issuer == issuer) ++of_issuer;
    if (each->host != host) continue;
    asked_just_now = asked_just_now || now - each->begun_at < kSilentFor;
    ++of_host;
  }
  if (of_host >= kOfHostMost)
    return fail(host,
                std::to_string(of_host) + " look-ups of this name hang: no name server tells it",
                asked_just_now && untold(host, now));
  if (of_issuer >= kOfIssuerMost)
    return fail(host, "too many look-ups of this issuer's names hang", false);
  if (outstanding() >= kInAllMost) return fail(host, "too many look-ups hang", false);
  auto lookup = std::make_shared<Lookup>(shared_, issuer, host, now);
  try {
    std::thread([lookup] { lookup->run(); }).detach();
  } catch (const std::system_error& error) {
    return fail(host, std::string("no thread can be started: ") + error.code().message(), false);
  }
  return lookups_.emplace_back(std::move(lookup));
}

std::optional<Addresses> Lookups::result(const Lookup& lookup) {
  const std::lock_guard lock(lookup.shared->mutex);
  return lookup.result;
}

int Lookups::event() const { return shared_->ended.get(); }

bool Lookups::untold(const std::string& host, Clock::time_point now) const {
  const auto found = untold_.find(host);
  return found != untold_.end() && now - found->second < kUntoldFor;
}

void Lookups::note(const Lookup& ended, Clock::time_point now) {
  std::erase_if(untold_, [now](const auto& each) { return now - each.second >= kUntoldFor; });
  const bool told_nothing = !*ended.result && ended.result->error().unreachable;
  if (!told_nothing) {
    untold_.erase(ended.host);
  } else if (untold_.size() < kUntoldMost) {
    untold_.insert_or_assign(ended.host, now);
  }
}

std::size_t Lookups::outstanding() const {
  return static_cast<std::size_t>(std::count_if(lookups_.begin(), lookups_.end(),
                                                [](const auto& each) { return !each->ended_at; }));
}

void Lookups::settle(Clock::time_point now) {
  std::uint64_t count = 0;
  if (::read(event(), &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR) std::abort();
  sweep(now);
}

// The event stays: somebody else may still have to hear of an end that is only noticed here.
void Lookups::sweep(Clock::time_point now) {
  const std::lock_guard lock(shared_->mutex);
  lookups_.remove_if([this, now](const auto& each) {
    if (!each->result) return false;
    if (!each->ended_at) {
      each->ended_at = now;
      note(*each, now);
    }
    return !each->serves(now);
  });
}

}  // namespace latchkey::fetchd
