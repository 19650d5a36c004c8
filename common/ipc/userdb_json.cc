// SPDX-License-Identifier: Apache-2.0
//
// The members of the messages of userdb.h. Queries are read with every member known, since a filter
// that is passed over would give a peer records that it did not ask for.
#include <limits>

#include "ipc/json_message.h"
#include "ipc/userdb.h"

namespace latchkey::ipc::userdb {

struct UserParameters {
  std::optional<std::int64_t> uid;
  std::optional<std::string> name;
  std::optional<std::string> service;
};

struct GroupParameters {
  std::optional<std::int64_t> gid;
  std::optional<std::string> name;
  std::optional<std::string> service;
};

namespace {

// (uid_t)-1 is nobody's.
constexpr json::Between kIds{0, std::int64_t{std::numeric_limits<std::uint32_t>::max()} - 1};

}  // namespace

template <typename Walk>
void fields(Walk& walk, UserParameters& value) {
  walk("uid", value.uid, kIds);
  walk("userName", value.name);
  walk("service", value.service);
}

template <typename Walk>
void fields(Walk& walk, GroupParameters& value) {
  walk("gid", value.gid, kIds);
  walk("groupName", value.name);
  walk("service", value.service);
}

template <typename Walk>
void fields(Walk& walk, MembershipQuery& value) {
  walk("userName", value.user);
  walk("groupName", value.group);
  walk("service", value.service);
}

namespace {

template <typename Parameters>
tl::expected<Parameters, std::string> read(std::string_view parameters) {
  auto read = json::read_message<Parameters>(parameters, json::Unknown::refused);
  if (!read) return tl::unexpected(std::move(read.error().detail));
  return *std::move(read);
}

std::optional<std::uint32_t> id_of(const std::optional<std::int64_t>& number) {
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::string reply_with(nlohmann::ordered_json record) {
  nlohmann::ordered_json reply{{"record", std::move(record)}, {"incomplete", false}};
  return json::text_of(reply);
}

}  // namespace

tl::expected<RecordQuery, std::string> read_user_query(std::string_view parameters) {
  auto query = read<UserParameters>(parameters);
  if (!query) return tl::unexpected(std::move(query.error()));
  return RecordQuery{std::move(query->name), id_of(query->uid), std::move(query->service)};
}

tl::expected<RecordQuery, std::string> read_group_query(std::string_view parameters) {
  auto query = read<GroupParameters>(parameters);
  if (!query) return tl::unexpected(std::move(query.error()));
  return RecordQuery{std::move(query->name), id_of(query->gid), std::move(query->service)};
}

tl::expected<MembershipQuery, std::string> read_membership_query(std::string_view parameters) {
  return read<MembershipQuery>(parameters);
}

std::string user_reply(const UserRecord& user) {
  nlohmann::ordered_json record{
      {"userName", user.name}, {"disposition", "regular"},   {"uid", user.uid},
      {"gid", user.gid},       {"homeDirectory", user.home}, {"shell", user.shell}};
  if (!user.real_name.empty()) record["realName"] = user.real_name;
  if (user.locked) record["locked"] = true;
  record["service"] = user.service;
  return reply_with(std::move(record));
}

std::string group_reply(const GroupRecord& group) {
  return reply_with({{"groupName", group.name},
                     {"disposition", "regular"},
                     {"gid", group.gid},
                     {"service", group.service}});
}

std::string membership_reply(std::string_view user, std::string_view group) {
  return json::text_of(nlohmann::ordered_json{{"userName", user}, {"groupName", group}});
}

std::string invalid_parameter_reply(std::string_view parameter) {
  return json::text_of(nlohmann::ordered_json{{"parameter", parameter}});
}

}  // namespace latchkey::ipc::userdb
