// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/stream_session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/fetchd/http_fields.h"
#include "daemon/fetchd/secret_file.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {

using ipc::fetch::EntryId;
using ipc::fetch::StreamBatch;
using redis::Reply;
using redis::Trouble;
using Kind = redis::Trouble::Kind;

namespace {

constexpr std::chrono::seconds kConnect{10};
constexpr std::chrono::seconds kMargin{5};  // of a reply that is on its way
// A reader that was told of a gap is not told again without a pause.
constexpr std::string_view kWaitTrimmed = "1000";

tl::unexpected<Trouble> trouble(Kind kind, std::string what) {
  return tl::unexpected(Trouble{kind, std::move(what)});
}

tl::unexpected<Trouble> odd(std::string_view what) {
  return trouble(Kind::protocol, "the server answered " + std::string(what) + " oddly");
}

const Reply* member(const Reply& map, std::string_view name) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].text == name) return &map.elements[i + 1];
  }
  return nullptr;
}

std::optional<EntryId> id_member(const Reply& map, std::string_view name) {
  const Reply* found = member(map, name);
  return found == nullptr ? std::nullopt : ipc::fetch::parse_entry_id(found->text);
}

// Whether the first entry that is left is behind that one, so that some may have been between them.
// It may also have been the last that was trimmed: that nothing was missed cannot be told then.
bool begins_behind(const Reply& info, const EntryId& after) {
  const Reply* first = member(info, "first-entry");
  const auto id = first != nullptr && !first->elements.empty()
                      ? ipc::fetch::parse_entry_id(first->elements[0].text)
                      : std::nullopt;
  return !id || *id > after;
}

// Whether entries were ever taken away; Redis before 7.0 does not say how many there were.
bool misses_entries(const Reply& info, std::int64_t length) {
  const Reply* added = member(info, "entries-added");
  return added != nullptr && added->integer != length;
}

redis::Place place_of(const config::StreamSource& stream, const config::StreamServer& server) {
  return {.path = server.path,
          .host = server.host,
          .port = server.port,
          .tls = server.tls,
          .ca_file = stream.ca_file};
}

}  // namespace

redis::Result<StreamSession> StreamSession::open(const config::StreamSource& stream, int stop) {
  const auto server = config::parse_stream_server(stream.server);
  if (!server) return trouble(Kind::network, server.error());
  const auto until = std::chrono::steady_clock::now() + kConnect;
  auto connection = redis::Connection::open(place_of(stream, *server), stop, until);
  if (!connection) return tl::unexpected(connection.error());
  if (!stream.password_file.empty()) {
    const auto password = read_client_secret(stream.password_file);
    if (!password) return trouble(Kind::network, password.error());
    if (auto in = connection->sign_in(stream.user, *password, until); !in)
      return tl::unexpected(in.error());
  }
  return StreamSession(*std::move(connection), stream.key);
}

redis::Result<StreamBatch> StreamSession::after(const std::string& id) {
  const auto position = ipc::fetch::parse_entry_id(id);
  if (!position) return odd("an id");
  const auto soon = std::chrono::steady_clock::now() + kMargin;
  if (auto sent = connection_.send(redis::command({"XINFO", "STREAM", key_}), soon); !sent)
    return tl::unexpected(sent.error());
  auto info = connection_.receive(soon);
  if (!info) return tl::unexpected(info.error());
  const auto standing = read_standing(*info, *position);
  if (!standing) return tl::unexpected(standing.error());
  const std::string from = standing->anew ? "0-0" : id;
  const std::string wait =
      standing->trimmed ? std::string(kWaitTrimmed)
                        : std::to_string(std::chrono::milliseconds(ipc::fetch::kItemsWait).count());
  const auto reply =
      connection_.call(redis::command({"XREAD", "COUNT", std::to_string(ipc::fetch::kItemsInBatch),
                                       "BLOCK", wait, "STREAMS", key_, from}),
                       std::chrono::steady_clock::now() + ipc::fetch::kItemsWait + kMargin);
  if (!reply) return tl::unexpected(reply.error());
  auto items = read_items(*reply, key_, standing->anew ? EntryId{} : *position);
  if (!items) return tl::unexpected(items.error());
  // What was added meanwhile may be among them.
  const auto behind = [&] {
    const auto end = ipc::fetch::parse_entry_id(standing->end);
    return end && (items->empty() || *end > *ipc::fetch::parse_entry_id(items->back().id));
  };
  const bool all = items->size() < ipc::fetch::kItemsInBatch;
  std::string end = all && behind() ? standing->end : std::string();
  return StreamBatch{standing->trimmed, *std::move(items), std::move(end)};
}

redis::Result<StreamStanding> read_standing(const Reply& info, const EntryId& after) {
  const bool beginning = after == EntryId{};
  if (info.is(Reply::Type::error)) {
    // Nothing was ever written, or all of it is gone.
    if (info.text == "ERR no such key") return StreamStanding{!beginning, true, {}};
    return trouble(Kind::refused, info.text);
  }
  const auto last = id_member(info, "last-generated-id");
  if (!last) return odd("XINFO");
  const bool anew = *last < after;
  // XDEL says so in this member; XTRIM does not.
  const bool deleted = id_member(info, "max-deleted-entry-id").value_or(EntryId{}) > after;
  const Reply* length = member(info, "length");
  if (length == nullptr || !length->is(Reply::Type::integer)) return odd("XINFO");
  const bool cut = beginning ? misses_entries(info, length->integer) : begins_behind(info, after);
  return StreamStanding{anew || deleted || (cut && *last > after), anew,
                        member(info, "last-generated-id")->text};
}

redis::Result<std::vector<StreamBatch::Item>> read_items(const Reply& reply, const std::string& key,
                                                         const EntryId& after) {
  std::vector<StreamBatch::Item> items;
  if (reply.is(Reply::Type::nil)) return items;
  const bool one = reply.elements.size() == 1 && reply.elements[0].elements.size() == 2 &&
                   reply.elements[0].elements[0].text == key;
  if (!one) return odd("XREAD");
  EntryId last = after;
  for (const Reply& entry : reply.elements[0].elements[1].elements) {
    if (entry.elements.size() != 2) return odd("XREAD");
    const std::string& id = entry.elements[0].text;
    const auto position = ipc::fetch::parse_entry_id(id);
    if (!position || *position <= last || items.size() == ipc::fetch::kItemsInBatch)
      return odd("XREAD");
    last = *position;
    // What has no item is refused by whoever reads it, as any other bytes that are none.
    const Reply* item = member(entry.elements[1], "item");
    items.push_back({id, item == nullptr ? std::string() : item->text});
  }
  return items;
}

}  // namespace latchkey::fetchd
