// SPDX-License-Identifier: Apache-2.0
//
// systemd's interface for users and groups (io.systemd.UserDatabase.varlink), a provider's side of
// it: the parameters of its calls, and the records that answer them.
// https://systemd.io/USER_GROUP_API, https://systemd.io/USER_RECORD
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace latchkey::ipc::userdb {

inline constexpr std::string_view kInterface = "io.systemd.UserDatabase";
inline constexpr std::string_view kGetUserRecord = "io.systemd.UserDatabase.GetUserRecord";
inline constexpr std::string_view kGetGroupRecord = "io.systemd.UserDatabase.GetGroupRecord";
inline constexpr std::string_view kGetMemberships = "io.systemd.UserDatabase.GetMemberships";

inline constexpr std::string_view kNoRecordFound = "io.systemd.UserDatabase.NoRecordFound";
inline constexpr std::string_view kBadService = "io.systemd.UserDatabase.BadService";
inline constexpr std::string_view kServiceNotAvailable =
    "io.systemd.UserDatabase.ServiceNotAvailable";
inline constexpr std::string_view kConflictingRecordFound =
    "io.systemd.UserDatabase.ConflictingRecordFound";
inline constexpr std::string_view kEnumerationNotSupported =
    "io.systemd.UserDatabase.EnumerationNotSupported";
inline constexpr std::string_view kExpectedMore = "org.varlink.service.ExpectedMore";

std::string_view interface_description();

// What is asked for of a user or a group; any bytes may be in a name.
struct RecordQuery {
  std::optional<std::string> name;
  std::optional<std::uint32_t> id;
  std::optional<std::string> service;
};

struct MembershipQuery {
  std::optional<std::string> user;
  std::optional<std::string> group;
  std::optional<std::string> service;
};

// `parameters` is the JSON text of an object, from any peer. Where it is wrong: the name of the
// first member that is of the wrong type, or not known, as org.varlink.service.InvalidParameter
// tells it. An id that means "none" (2^32 - 1) is wrong.
tl::expected<RecordQuery, std::string> read_user_query(std::string_view parameters);
tl::expected<RecordQuery, std::string> read_group_query(std::string_view parameters);
tl::expected<MembershipQuery, std::string> read_membership_query(std::string_view parameters);

struct UserRecord {
  std::string_view name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string_view home;
  std::string_view shell;
  std::string_view real_name;  // empty: none
  bool locked = false;
  std::string_view service;
};

struct GroupRecord {
  std::string_view name;
  std::uint32_t gid = 0;
  std::string_view service;
};

// JSON text of the parameters of a reply.
std::string user_reply(const UserRecord& user);
std::string group_reply(const GroupRecord& group);
std::string membership_reply(std::string_view user, std::string_view group);
std::string invalid_parameter_reply(std::string_view parameter);

}  // namespace latchkey::ipc::userdb
