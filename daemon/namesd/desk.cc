// SPDX-License-Identifier: Apache-2.0
#include "daemon/namesd/desk.h"

#include <optional>
#include <span>
#include <utility>

#include "core/accounts/local_accounts.h"

namespace latchkey::namesd {

namespace userdb = ipc::userdb;
using accounts::NamesMember;
using accounts::NamesUser;

namespace {

std::string record_of(const NamesUser& user) {
  return userdb::user_reply({.name = user.name,
                             .uid = user.uid,
                             .gid = user.gid,
                             .home = user.home,
                             .shell = user.shell,
                             .real_name = user.real_name,
                             .locked = user.state != accounts::AccountState::active,
                             .service = Desk::kService});
}

std::string record_of(const accounts::Names::Group& group) {
  return userdb::group_reply({.name = group.name, .gid = group.gid, .service = Desk::kService});
}

// What is wrong with a call before anybody looks into the book.
template <typename Query>
std::optional<Answer> objection(const tl::expected<Query, std::string>& query,
                                const Desk::Shown& book) {
  if (!query)
    return Answer::error(ipc::varlink::kInvalidParameter,
                         userdb::invalid_parameter_reply(query.error()));
  if (query->service != Desk::kService) return Answer::error(userdb::kBadService);
  if (!book) return Answer::error(userdb::kServiceNotAvailable);
  return std::nullopt;
}

// What stands in the way of everything.
std::optional<Answer> listing_objection(const ipc::varlink::Call& call, const Book& book) {
  if (!call.more) return Answer::error(userdb::kExpectedMore);
  if (!book.names().content().settings.enumerate)
    return Answer::error(userdb::kEnumerationNotSupported);
  return std::nullopt;
}

// The records of a table that are served. The book stays while the row is taken.
template <typename Record, typename Write>
Answer::Row row_of(Desk::Shown book, std::span<const Record> records, Write write) {
  return [book = std::move(book), records, write,
          at = std::size_t{0}]() mutable -> std::optional<std::string> {
    while (at < records.size()) {
      const Record& record = records[at++];
      if (auto text = write(*book, record)) return text;
    }
    return std::nullopt;
  };
}

std::optional<std::string> write_user(const Book& book, const NamesUser& user) {
  if (!book.serves(user)) return std::nullopt;
  return record_of(user);
}

std::optional<std::string> write_own_group(const Book& book, const NamesUser& user) {
  const accounts::Names::Group group{user.name, user.gid, &user};
  if (!book.serves(group)) return std::nullopt;
  return record_of(group);
}

std::optional<std::string> write_group(const Book& book, const accounts::NamesGroup& group) {
  const accounts::Names::Group found{group.name, group.gid};
  if (!book.serves(found)) return std::nullopt;
  return record_of(found);
}

std::optional<std::string> write_member(const Book& book, const NamesMember& member) {
  if (!book.serves(member)) return std::nullopt;
  return userdb::membership_reply(member.user, member.group);
}

std::optional<std::string> write_place(const Book& book, std::uint32_t place) {
  return write_member(book, book.names().content().members[place]);
}

// One row behind the other.
Answer::Row both(Answer::Row first, Answer::Row second) {
  return [first = std::move(first), second = std::move(second)] {
    auto text = first();
    return text ? text : second();
  };
}

}  // namespace

Desk::Desk(ipc::varlink::ServiceInfo info, std::function<bool(const ipc::Peer&)> is_sshd)
    : service_(std::move(info)), is_sshd_(std::move(is_sshd)) {
  service_.add_interface(std::string(userdb::kInterface),
                         std::string(userdb::interface_description()));
}

ipc::Result<Answer> Desk::answer(std::string_view message, const ipc::Peer& peer, const Shown& book,
                                 TimePoint now) {
  auto call = ipc::varlink::decode_call(message);
  if (!call) return tl::unexpected(std::move(call.error()));
  Answer made;
  if (call->method == userdb::kGetUserRecord) {
    made = answer_user(*call, peer, book, now);
  } else if (call->method == userdb::kGetGroupRecord) {
    made = answer_group(*call, peer, book, now);
  } else if (call->method == userdb::kGetMemberships) {
    made = answer_members(*call, book);
  } else {
    std::string text;
    auto handled =
        service_.handle(message, peer, [&](std::string sent) { text = std::move(sent); });
    if (!handled) return tl::unexpected(std::move(handled.error()));
    made = Answer::encoded(std::move(text));
  }
  return call->oneway ? Answer() : std::move(made);
}

Answer Desk::answer_user(const Call& call, const ipc::Peer& peer, const Shown& book,
                         TimePoint now) {
  const auto query = userdb::read_user_query(call.parameters);
  if (auto wrong = objection(query, book)) return *std::move(wrong);
  if (!query->name && !query->id) {
    if (auto wrong = listing_objection(call, *book)) return *std::move(wrong);
    return Answer::row(row_of(book, std::span(book->names().content().users), write_user));
  }
  const NamesUser* by_name = query->name ? book->find_user(*query->name) : nullptr;
  const NamesUser* by_id = query->id ? book->find_uid(*query->id) : nullptr;
  const NamesUser* found = by_name != nullptr ? by_name : by_id;
  if (found != nullptr) {
    if (query->name && query->id && by_name != by_id)
      return Answer::error(userdb::kConflictingRecordFound);
    return Answer::reply(record_of(*found));
  }
  const auto guest = find_guest(*query, peer, *book, now);
  if (!guest) return Answer::error(userdb::kNoRecordFound);
  const auto& settings = book->names().content().settings;
  return Answer::reply(record_of(NamesUser{.name = guest->name,
                                           .uid = guest->id,
                                           .gid = guest->id,
                                           .home = accounts::home_of(settings.home, guest->name),
                                           .shell = settings.shell,
                                           .real_name = {}}));
}

Answer Desk::answer_group(const Call& call, const ipc::Peer& peer, const Shown& book,
                          TimePoint now) {
  const auto query = userdb::read_group_query(call.parameters);
  if (auto wrong = objection(query, book)) return *std::move(wrong);
  if (!query->name && !query->id) {
    if (auto wrong = listing_objection(call, *book)) return *std::move(wrong);
    const auto& content = book->names().content();
    return Answer::row(both(row_of(book, std::span(content.groups), write_group),
                            row_of(book, std::span(content.users), write_own_group)));
  }
  const auto by_name = query->name ? book->find_group(*query->name) : std::nullopt;
  const auto by_id = query->id ? book->find_gid(*query->id) : std::nullopt;
  if (by_name || by_id) {
    if (query->name && query->id && !(by_name && by_id && by_name->gid == by_id->gid))
      return Answer::error(userdb::kConflictingRecordFound);
    return Answer::reply(record_of(by_name ? *by_name : *by_id));
  }
  const auto guest = find_guest(*query, peer, *book, now);
  if (!guest) return Answer::error(userdb::kNoRecordFound);
  return Answer::reply(record_of(accounts::Names::Group{guest->name, guest->id}));
}

Answer Desk::answer_members(const Call& call, const Shown& book) {
  const auto query = userdb::read_membership_query(call.parameters);
  if (auto wrong = objection(query, book)) return *std::move(wrong);
  const auto& names = book->names();
  if (!query->user && !query->group) {
    if (auto wrong = listing_objection(call, *book)) return *std::move(wrong);
    return Answer::row(row_of(book, std::span(names.content().members), write_member));
  }
  if (query->user && query->group) {
    for (const NamesMember& member : names.members_of(*query->group)) {
      if (member.user != *query->user || !book->serves(member)) continue;
      return Answer::reply(userdb::membership_reply(member.user, member.group));
    }
    return Answer::error(userdb::kNoRecordFound);
  }
  if (!call.more) return Answer::error(userdb::kExpectedMore);
  if (query->user) return Answer::row(row_of(book, names.groups_of(*query->user), write_place));
  return Answer::row(row_of(book, names.members_of(*query->group), write_member));
}

std::optional<Desk::Guest> Desk::find_guest(const RecordQuery& query, const ipc::Peer& peer,
                                            const Book& book, TimePoint now) {
  if (!book.names().content().settings.provisional || peer.uid != 0) return std::nullopt;
  const auto name = query.name ? query.name : guests_.find(*query.id);
  if (!name) return std::nullopt;
  const auto id = book.free_id(*name);
  if (!id || (query.id && *query.id != *id)) return std::nullopt;
  if (!is_sshd_(peer) || !guests_.admit(*name, *id, now)) return std::nullopt;
  return Guest{*name, *id};
}

}  // namespace latchkey::namesd
