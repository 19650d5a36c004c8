// SPDX-License-Identifier: Apache-2.0
#include "core/config/revocation_checks.h"

#include <algorithm>
#include <optional>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::config {
namespace {

// A source with keys of its own, as its checks see it.
struct Signed {
  Section section;
  std::string_view what;  // "list"
  const revocation::FeedPolicy& feed;
  const std::string& issuer;
  const std::string& keys_file;
  const issuer::InlineKeys& keys;
  const Instance& instance;

  Place at(std::string_view name) const {
    const auto it = instance.seen.find(find_key(section, name));
    return it == instance.seen.end() ? instance.place : it->second;
  }
};

std::vector<Signed> all_signed(const Config& config, const Reader& reader) {
  std::vector<Signed> all;
  const auto& lists = config.revocation.lists;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    all.push_back({Section::revocation_list, "list", lists[i].feed, lists[i].issuer,
                   lists[i].keys_file, lists[i].keys, reader.lists()[i]});
  }
  const auto& streams = config.revocation.streams;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    all.push_back({Section::revocation_stream, "stream", streams[i].feed, streams[i].issuer,
                   streams[i].keys_file, streams[i].keys, reader.streams()[i]});
  }
  return all;
}

// An https URL, which was checked, as others may write it: the case of its host, its port, an empty
// path or query.
std::string plain_url(std::string_view url) {
  if (url.ends_with('?')) url.remove_suffix(1);
  const auto end =
      std::min(url.find_first_of("/?", std::string_view("https://").size()), url.size());
  std::string place(url.substr(0, end));
  std::transform(place.begin(), place.end(), place.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (place.ends_with(":443")) place.resize(place.size() - 4);
  const std::string_view rest = url.substr(end);
  return place + (rest.starts_with('/') ? "" : "/") + std::string(rest);
}

std::string shared(const issuer::InlineKeys& one, const issuer::InlineKeys& other) {
  if (one.document.empty() || other.document.empty()) return {};
  const auto ours = jose::JwkSet::parse(one.document);
  const auto theirs = jose::JwkSet::parse(other.document);
  return ours && theirs ? shared_key(*ours, *theirs) : std::string();  // they were parsed before
}

void check_keys(const Signed& source, const Config& config, Reader& reader) {
  const std::string a_keys = "a " + std::string(source.what);
  const bool inline_keys = !source.keys.document.empty();
  if (inline_keys == !source.keys_file.empty()) {
    return reader.error(inline_keys ? source.at("keys_file") : source.instance.place,
                        a_keys + " needs 'keys' or 'keys_file', and not both");
  }
  for (const Issuer& issuer : config.issuers) {
    if (!source.keys_file.empty() && source.keys_file == issuer.config.jwks_file) {
      reader.error(source.at("keys_file"), "these are the keys of issuer " +
                                               quoted(issuer.config.name) + ": " + a_keys +
                                               "'s keys verify nothing else");
    }
    if (!inline_keys || !issuer.config.inline_keys()) continue;
    if (LATCHKEY_FAILS(list_key_shared, !shared(source.keys, issuer.config.keys).empty())) {
      reader.error(source.at("keys"), "a key also verifies tokens of issuer " +
                                          quoted(issuer.config.name) + ": " + a_keys +
                                          "'s keys verify nothing else");
    }
  }
}

// A stream's keys are of no list but its snapshot's, which has no section of its own, and names of
// sources and streams' names in what is signed are of one source each.
void check_pair(const Signed& first, const Signed& second, Reader& reader) {
  if (first.section == second.section && first.section == Section::revocation_list) return;
  const std::string other = std::string(first.what) + ' ' + quoted(first.feed.name);
  if (first.section != second.section && first.feed.name == second.feed.name)
    reader.error(second.at("name"), "the name is taken, by the " + other);
  if (first.section != second.section && first.issuer == second.issuer)
    reader.error(second.at("issuer"), "the issuer is taken, by the " + other);
  const bool same_file = !first.keys_file.empty() && first.keys_file == second.keys_file;
  if (LATCHKEY_FAILS(stream_key_shared, same_file || !shared(first.keys, second.keys).empty())) {
    reader.error(second.at(same_file ? "keys_file" : "keys"),
                 "a key also signs the " + other + ": a stream's keys verify nothing else");
  }
}

}  // namespace

void check_revocation(const Config& config, Reader& reader) {
  const std::vector<Signed> all = all_signed(config, reader);
  for (std::size_t i = 0; i < all.size(); ++i) {
    check_keys(all[i], config, reader);
    for (std::size_t j = 0; j < i; ++j) check_pair(all[j], all[i], reader);
  }
}

// A token's keys sign its status lists too, where nothing else is said: that is what an issuer
// does. A file of their own is for whoever has others sign them, and then they vouch for nothing
// else.
void check_status_lists(const Config& config, Reader& reader) {
  const std::vector<Signed> all = all_signed(config, reader);
  const auto& sections = config.revocation.status_lists;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const StatusListSource& section = sections[i];
    const Instance& instance = reader.status_lists()[i];
    const auto at = [&](std::string_view name) {
      const auto it = instance.seen.find(find_key(Section::revocation_status_list, name));
      return it == instance.seen.end() ? instance.place : it->second;
    };
    for (const Signed& other : all) {
      if (other.feed.name == section.name)
        reader.error(at("name"), "the name is taken, by the " + std::string(other.what) + ' ' +
                                     quoted(other.feed.name));
    }
    for (const std::string& name : section.issuers) {
      if (config.find_issuer_by_name(name) < 0)
        reader.error(at("issuers"), "there is no issuer " + quoted(name));
    }
    if (!section.keys_file.empty() && !section.keys.document.empty())
      reader.error(at("keys_file"), "a status list needs one of 'keys' and 'keys_file' at most");
    for (const Signed& other : all) {
      const bool same_file = !section.keys_file.empty() && section.keys_file == other.keys_file;
      if (LATCHKEY_FAILS(status_key_shared, same_file || !shared(section.keys, other.keys).empty()))
        reader.error(at(same_file ? "keys_file" : "keys"),
                     "a key also signs the " + std::string(other.what) + ' ' +
                         quoted(other.feed.name) + ": a status list's keys verify nothing else");
    }
    for (const Issuer& issuer : config.issuers) {
      const bool same_file =
          !section.keys_file.empty() && section.keys_file == issuer.config.jwks_file;
      if (same_file || !shared(section.keys, issuer.config.keys).empty()) {
        reader.error(at(same_file ? "keys_file" : "keys"),
                     "these are keys of issuer " + quoted(issuer.config.name) +
                         ": leave them out, and its own keys verify its lists");
      }
    }
  }
}

void check_events(const Config& config, Reader& reader) {
  const auto& events = config.revocation.events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Instance& instance = reader.events()[i];
    const auto at = [&](std::string_view name) {
      const auto it = instance.seen.find(find_key(Section::revocation_events, name));
      return it == instance.seen.end() ? instance.place : it->second;
    };
    const auto index = config.find_issuer_by_name(events[i].issuer);
    if (LATCHKEY_FAILS(events_issuer, index < 0)) {
      reader.error(at("issuer"), "there is no issuer " + quoted(events[i].issuer));
    } else if (LATCHKEY_FAILS(
                   events_symmetric,
                   index >= 0 &&
                       config.issuers[static_cast<std::size_t>(index)].config.symmetric())) {
      reader.error(at("issuer"),
                   "issuer " + quoted(events[i].issuer) + " has a symmetric key, which signs none");
    }
    const auto same = [&](const auto& other) { return other.feed.name == events[i].feed.name; };
    const auto& lists = config.revocation.lists;
    const auto& streams = config.revocation.streams;
    const auto same_status = [&](const StatusListSource& other) {
      return other.name == events[i].feed.name;
    };
    const auto& statuses = config.revocation.status_lists;
    if (LATCHKEY_FAILS(events_name_taken,
                       std::any_of(lists.begin(), lists.end(), same) ||
                           std::any_of(streams.begin(), streams.end(), same) ||
                           std::any_of(statuses.begin(), statuses.end(), same_status)))
      reader.error(at("name"), "the name is taken, by another source of revocations");
    const auto here = [&](const EventSource& other) {
      if (index < 0 || other.issuer != events[i].issuer) return false;
      const std::string& iss = config.issuers[static_cast<std::size_t>(index)].config.issuer;
      return other.transmitter_of(iss) == events[i].transmitter_of(iss);
    };
    const auto same_stream = [&](const EventSource& other) {
      return plain_url(other.endpoint) == plain_url(events[i].endpoint) &&
             other.token_file == events[i].token_file;
    };
    const auto here_end = events.begin() + static_cast<std::ptrdiff_t>(i);
    // They would have one file on disk.
    if (LATCHKEY_FAILS(events_twice, std::any_of(events.begin(), here_end, here)))
      reader.error(instance.place, "events of this transmitter about issuer " +
                                       quoted(events[i].issuer) + " are another source's");
    // Each would refuse what is the other's, and the transmitter would forget it.
    if (LATCHKEY_FAILS(events_stream_twice, std::any_of(events.begin(), here_end, same_stream)))
      reader.error(at("endpoint"),
                   "another source polls this stream: it has the same 'endpoint' and 'token_file'");
    const auto pause = std::max(events[i].poll_interval, events[i].long_poll);
    if (LATCHKEY_FAILS(events_age, events[i].max_age < 2 * pause))
      reader.error(at("max_age"),
                   "'max_age' is less than twice 'poll_interval' or 'long_poll': the events would "
                   "be stale between two polls");
  }
}

std::string shared_key(const jose::JwkSet& one, const jose::JwkSet& other) {
  for (const jose::Jwk& key : one.keys()) {
    for (const jose::Jwk& same : other.keys()) {
      if (key.thumbprint() == same.thumbprint()) return std::string(key.thumbprint());
    }
  }
  return {};
}

}  // namespace latchkey::config
