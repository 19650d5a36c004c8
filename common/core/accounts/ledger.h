// SPDX-License-Identifier: Apache-2.0
//
// How the names of a host change: accounts that are made at a first sign-in, memberships that
// follow the token, what administrators say. Each function gives the next Names and leaves those
// that it was given; an id that was given once stays that name's, and no other name gets it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/names_file.h"
#include "core/accounts/served_names.h"

namespace latchkey::accounts {

// What a sign-in wants to stand in the names file.
struct NamesChange {
  std::string user;
  std::optional<NamesUser> made;    // the account, where it is new
  std::vector<std::string> groups;  // all that the user is to be a member of; sorted, each once
  bool operator==(const NamesChange&) const = default;
};

// Of the groups that a token's claims came to, those that the file may hold a membership of: its
// own, and plain ones of this host. Sorted, each once.
std::vector<std::string> file_groups(const std::vector<std::string>& groups,
                                     const ServedNames& names);

// Whether the file says already what a sign-in wants of it.
bool holds(const Names& names, const NamesChange& change);

// Whether the user loses a membership by it.
bool takes_away(const Names& names, const NamesChange& change);

// Fails where the account cannot be there: another one has its name or id.
tl::expected<Names, NamesFault> with_change(const Names& names, const NamesChange& change);

// `user` has to be there. `since` is Unix time, s.
tl::expected<Names, NamesFault> with_state(const Names& names, std::string_view user,
                                           AccountState state, std::int64_t since);

// The user with everything, so that its id is free again.
tl::expected<Names, NamesFault> without(const Names& names, std::string_view user);

// What the configuration says of the file. A group of `groups` that is not there yet is made with
// the id of its name; one that cannot be (`refused` says why) is left out, and one that is not
// wanted any more stays without members, so that nobody gets its id.
struct Fitted {
  Names names;
  std::vector<std::string> refused;  // sentences
};
tl::expected<Fitted, NamesFault> fitted(const Names& names, const NamesSettings& settings,
                                        std::span<const std::string> groups,
                                        const TakenNames& taken);

// The users and groups of another host's file that this one lacks, with their ids, closed where
// they are there; `since` is when. Settings and memberships stay this host's own. Where any of them
// contradicts what is here, nothing is taken over, and the sentences say why.
struct Merged {
  Names names;
  std::vector<std::string> users;  // that came, sorted
  std::vector<std::string> groups;
};
tl::expected<Merged, std::vector<std::string>> merged(const ServedNames& names, const Names& other,
                                                      std::int64_t since);

}  // namespace latchkey::accounts
