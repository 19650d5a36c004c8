// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/logind.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace latchkey::endd {
namespace {

constexpr const char* kService = "org.freedesktop.login1";
constexpr const char* kPath = "/org/freedesktop/login1";
constexpr const char* kManager = "org.freedesktop.login1.Manager";
constexpr const char* kSession = "org.freedesktop.login1.Session";
constexpr std::uint64_t kPatienceUs = 5'000'000;

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;

// One a call: it is made a few times a day, and then after whatever happened to the bus.
ipc::Result<Bus> open_bus() {
  sd_bus* bus = nullptr;
  if (const int code = sd_bus_open_system(&bus); code < 0)
    return ipc::system_fault("the system's bus", -code);
  Bus opened(bus);
  sd_bus_set_method_call_timeout(bus, kPatienceUs);
  return opened;
}

class Failure {
 public:
  ~Failure() { sd_bus_error_free(&error_); }
  Failure() = default;
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  sd_bus_error* out() { return &error_; }
  tl::unexpected<ipc::Fault> fault(std::string_view what, int code) const {
    if (error_.message == nullptr) return ipc::system_fault(what, -code);
    return ipc::fault(ipc::FaultKind::system, std::string(what) + ": " + error_.message);
  }

 private:
  sd_bus_error error_{};
};

template <typename... Arguments>
ipc::Result<void> call(const char* method, const char* types, Arguments... arguments) {
  auto bus = open_bus();
  if (!bus) return tl::unexpected(bus.error());
  Failure failure;
  const int code = sd_bus_call_method(bus->get(), kService, kPath, kManager, method, failure.out(),
                                      nullptr, types, arguments...);
  if (code < 0) return failure.fault(method, code);
  return {};
}

std::optional<std::uint32_t> leader_of(const std::string& session) {
  auto bus = open_bus();
  if (!bus) return std::nullopt;
  Failure failure;
  sd_bus_message* raw = nullptr;
  const int asked = sd_bus_call_method(bus->get(), kService, kPath, kManager, "GetSession",
                                       failure.out(), &raw, "s", session.c_str());
  const std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)> reply(
      raw, sd_bus_message_unref);
  const char* path = nullptr;
  if (asked < 0 || sd_bus_message_read(reply.get(), "o", &path) < 0) return std::nullopt;
  Failure other;
  std::uint32_t leader = 0;
  if (sd_bus_get_property_trivial(bus->get(), kService, path, kSession, "Leader", other.out(), 'u',
                                  &leader) < 0) {
    return std::nullopt;
  }
  return leader;
}

}  // namespace

std::optional<std::string> Logind::find(pid_t leader, uid_t uid) {
  char* raw = nullptr;
  if (sd_pid_get_session(leader, &raw) < 0) return std::nullopt;
  const std::unique_ptr<char, void (*)(void*)> session(raw, std::free);
  uid_t owner = 0;
  if (sd_session_get_uid(session.get(), &owner) < 0 || owner != uid) return std::nullopt;
  const auto its_leader = leader_of(session.get());
  if (!its_leader || *its_leader != static_cast<std::uint32_t>(leader)) return std::nullopt;
  return session.get();
}

ipc::Result<void> Logind::terminate(const std::string& session) {
  return call("TerminateSession", "s", session.c_str());
}

ipc::Result<void> Logind::kill(const std::string& session) {
  return call("KillSession", "ssi", session.c_str(), "all", SIGKILL);
}

ipc::Result<void> Logind::terminate_user(uid_t uid) {
  return call("TerminateUser", "u", static_cast<std::uint32_t>(uid));
}

}  // namespace latchkey::endd
