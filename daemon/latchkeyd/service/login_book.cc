// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/login_book.h"

#include <algorithm>
#include <set>
#include <utility>

namespace latchkey::latchkeyd {

LoginBook::LoginBook(Limits limits) : limits_(limits) {}

LoginBook::Shard& LoginBook::shard(std::string_view person) {
  return shards_[Hash{}(person) % kShards];
}

const LoginBook::Shard& LoginBook::shard(std::string_view person) const {
  return shards_[Hash{}(person) % kShards];
}

void LoginBook::load(std::vector<Login> logins,
                     std::vector<std::pair<std::string, LastSeen>> last_seen) {
  for (Login& login : logins) put(std::make_shared<const Login>(std::move(login)));
  std::sort(last_seen.begin(), last_seen.end(),
            [](const auto& a, const auto& b) { return a.second.seen_at < b.second.seen_at; });
  for (auto& [name, seen] : last_seen) saw(name, std::move(seen));
}

std::optional<std::vector<std::string>> LoginBook::put(std::shared_ptr<const Login> login) {
  const std::string_view person = login->user;
  std::vector<std::string> forgotten;
  Shard& own = shard(person);
  {
    const std::lock_guard lock(own.mutex);
    if (!make_room_of_own(own, person, forgotten)) return std::nullopt;
    if (!forgotten.empty() || take_room()) {
      insert(own, std::move(login));
      return forgotten;
    }
  }
  // With all locks in hand, so that what is forgotten is forgotten for this one and it is kept.
  std::array<std::unique_lock<std::mutex>, kShards> locks;
  for (std::size_t i = 0; i < kShards; ++i) locks[i] = std::unique_lock(shards_[i].mutex);
  if (!make_room_of_own(own, person, forgotten)) return std::nullopt;
  if (forgotten.empty() && !take_room() && !make_room(forgotten)) return std::nullopt;
  insert(own, std::move(login));
  return forgotten;
}

bool LoginBook::take_room() {
  if (count_.fetch_add(1, std::memory_order_relaxed) < std::max<std::size_t>(1, limits_.logins))
    return true;
  count_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

// False where the person has as many as may be, each with a session. The room of the one that is
// forgotten is the new one's.
bool LoginBook::make_room_of_own(Shard& shard, std::string_view person,
                                 std::vector<std::string>& forgotten) {
  const auto found = shard.persons.find(person);
  if (found == shard.persons.end() || found->second.logins.size() < limits_.logins_per_person)
    return true;
  const auto& own = found->second.logins;
  const auto oldest =
      std::find_if(own.begin(), own.end(), [](const auto& each) { return !each->login->place; });
  if (oldest == own.end()) return false;
  forgotten.push_back(forget(shard, *oldest));
  return true;
}

// The same of all; every lock is held.
bool LoginBook::make_room(std::vector<std::string>& forgotten) {
  Shard* oldest = nullptr;
  for (Shard& each : shards_) {
    if (each.idle.empty()) continue;
    if (oldest == nullptr || each.idle.front().age < oldest->idle.front().age) oldest = &each;
  }
  if (oldest == nullptr) return false;
  forgotten.push_back(forget(*oldest, oldest->idle.begin()));
  return true;
}

void LoginBook::insert(Shard& shard, std::shared_ptr<const Login> login) {
  Person& person = shard.persons.try_emplace(login->user).first->second;
  Logins& list = login->place ? shard.placed : shard.idle;
  list.push_back({std::move(login), came_.fetch_add(1, std::memory_order_relaxed)});
  person.logins.push_back(std::prev(list.end()));
}

std::shared_ptr<const Login> LoginBook::find(std::string_view id, std::string_view person) const {
  const Shard& shard = this->shard(person);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.persons.find(person);
  if (id.empty() || found == shard.persons.end()) return nullptr;
  const auto& logins = found->second.logins;
  const auto login = std::find_if(logins.rbegin(), logins.rend(),
                                  [&](const auto& it) { return it->login->id == id; });
  return login == logins.rend() ? nullptr : (*login)->login;
}

std::shared_ptr<const Login> LoginBook::place(std::string_view id, std::string_view person,
                                              LoginPlace place) {
  Shard& shard = this->shard(person);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.persons.find(person);
  if (id.empty() || found == shard.persons.end()) return nullptr;
  for (const Logins::iterator& entry : found->second.logins) {
    if (entry->login->id != id) continue;
    Login placed = *entry->login;  // whoever holds the old one goes on reading it
    if (!placed.place) shard.placed.splice(shard.placed.end(), shard.idle, entry);
    placed.place = std::move(place);
    entry->login = std::make_shared<const Login>(std::move(placed));
    return entry->login;
  }
  return nullptr;
}

bool LoginBook::close(std::string_view id, std::string_view person) {
  Shard& shard = this->shard(person);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.persons.find(person);
  if (id.empty() || found == shard.persons.end()) return false;
  const auto& logins = found->second.logins;
  const auto login = std::find_if(logins.begin(), logins.end(),
                                  [&](const auto& it) { return it->login->id == id; });
  if (login == logins.end()) return false;
  erase(shard, found->second, static_cast<std::size_t>(login - logins.begin()));
  count_.fetch_sub(1, std::memory_order_relaxed);
  forget_if_empty(shard, found);
  return true;
}

void LoginBook::saw(std::string_view name, LastSeen seen) {
  Shard& shard = this->shard(name);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.persons.find(name);
  if (found == shard.persons.end()) found = shard.persons.try_emplace(std::string(name)).first;
  Person& person = found->second;
  if (person.last_seen == nullptr) {
    person.name = shard.names.insert(shard.names.end(), std::string(name));
  } else {
    shard.names.splice(shard.names.end(), shard.names, person.name);
  }
  person.last_seen = std::make_shared<const LastSeen>(std::move(seen));
  while (shard.names.size() > std::max<std::size_t>(1, limits_.names / kShards))
    forget_oldest_name(shard);
}

std::shared_ptr<const LastSeen> LoginBook::last_seen(std::string_view name) const {
  const Shard& shard = this->shard(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.persons.find(name);
  return found == shard.persons.end() ? nullptr : found->second.last_seen;
}

std::vector<std::shared_ptr<const Login>> LoginBook::all() const {
  std::vector<std::shared_ptr<const Login>> logins;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const Logins* list : {&shard.idle, &shard.placed})
      for (const Entry& entry : *list) logins.push_back(entry.login);
  }
  return logins;
}

std::vector<std::pair<std::string, std::string>> LoginBook::status_lists() const {
  std::set<std::pair<std::string, std::string>> lists;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const Logins* list : {&shard.idle, &shard.placed}) {
      for (const Entry& entry : *list) {
        const claims::ClaimsRecord& claims = entry.login->claims;
        if (!claims.status_uri.empty()) lists.emplace(claims.issuer, claims.status_uri);
      }
    }
  }
  return {lists.begin(), lists.end()};
}

std::size_t LoginBook::logins() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.idle.size() + shard.placed.size();
  }
  return sum;
}

std::size_t LoginBook::names() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.names.size();
  }
  return sum;
}

void LoginBook::erase(Shard& shard, Person& person, std::size_t index) {
  const auto at = person.logins.begin() + static_cast<std::ptrdiff_t>(index);
  Logins& list = (*at)->login->place ? shard.placed : shard.idle;
  list.erase(*at);
  person.logins.erase(at);
}

void LoginBook::forget_if_empty(Shard& shard, Persons::iterator person) {
  if (person->second.logins.empty() && person->second.last_seen == nullptr)
    shard.persons.erase(person);
}

std::string LoginBook::forget(Shard& shard, Logins::iterator login) {
  std::string id = login->login->id;
  const auto person = shard.persons.find(login->login->user);
  const auto& own = person->second.logins;
  erase(shard, person->second,
        static_cast<std::size_t>(std::find(own.begin(), own.end(), login) - own.begin()));
  forget_if_empty(shard, person);
  return id;
}

void LoginBook::forget_oldest_name(Shard& shard) {
  const auto person = shard.persons.find(shard.names.front());
  shard.names.pop_front();
  person->second.last_seen = nullptr;
  forget_if_empty(shard, person);
}

}  // namespace latchkey::latchkeyd
