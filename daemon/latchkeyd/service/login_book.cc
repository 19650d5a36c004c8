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
  const auto idle = [](const std::shared_ptr<const Login>& each) { return !each->place; };
  std::vector<std::string> forgotten;
  Shard& shard = this->shard(login->user);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.persons.find(login->user);
  if (found != shard.persons.end() && found->second.logins.size() >= limits_.logins_per_person) {
    const auto& own = found->second.logins;
    const auto oldest =
        std::find_if(own.begin(), own.end(), [&](const auto& each) { return idle(*each); });
    if (oldest == own.end()) return std::nullopt;
    forgotten.push_back(forget(shard, *oldest));
  }
  if (shard.logins.size() >= std::max<std::size_t>(1, limits_.logins / kShards)) {
    const auto oldest = std::find_if(shard.logins.begin(), shard.logins.end(), idle);
    if (oldest == shard.logins.end()) return std::nullopt;
    forgotten.push_back(forget(shard, oldest));
  }
  Person& person = shard.persons.try_emplace(login->user).first->second;
  shard.logins.push_back(std::move(login));
  person.logins.push_back(std::prev(shard.logins.end()));
  return forgotten;
}

std::shared_ptr<const Login> LoginBook::find(std::string_view id, std::string_view person) const {
  const Shard& shard = this->shard(person);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.persons.find(person);
  if (id.empty() || found == shard.persons.end()) return nullptr;
  const auto& logins = found->second.logins;
  const auto login =
      std::find_if(logins.rbegin(), logins.rend(), [&](const auto& it) { return (*it)->id == id; });
  return login == logins.rend() ? nullptr : **login;
}

std::shared_ptr<const Login> LoginBook::place(std::string_view id, std::string_view person,
                                              LoginPlace place) {
  Shard& shard = this->shard(person);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.persons.find(person);
  if (id.empty() || found == shard.persons.end()) return nullptr;
  for (const Logins::iterator& login : found->second.logins) {
    if ((*login)->id != id) continue;
    Login placed = **login;  // whoever holds the old one goes on reading it
    placed.place = std::move(place);
    *login = std::make_shared<const Login>(std::move(placed));
    return *login;
  }
  return nullptr;
}

bool LoginBook::close(std::string_view id, std::string_view person) {
  Shard& shard = this->shard(person);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.persons.find(person);
  if (id.empty() || found == shard.persons.end()) return false;
  const auto& logins = found->second.logins;
  const auto login =
      std::find_if(logins.begin(), logins.end(), [&](const auto& it) { return (*it)->id == id; });
  if (login == logins.end()) return false;
  forget_login(shard, found, static_cast<std::size_t>(login - logins.begin()));
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
    logins.insert(logins.end(), shard.logins.begin(), shard.logins.end());
  }
  return logins;
}

std::vector<std::pair<std::string, std::string>> LoginBook::status_lists() const {
  std::set<std::pair<std::string, std::string>> lists;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& login : shard.logins) {
      if (!login->claims.status_uri.empty())
        lists.emplace(login->claims.issuer, login->claims.status_uri);
    }
  }
  return {lists.begin(), lists.end()};
}

std::size_t LoginBook::logins() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.logins.size();
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

void LoginBook::forget_login(Shard& shard, Persons::iterator person, std::size_t index) {
  auto& logins = person->second.logins;
  const auto it = logins.begin() + static_cast<std::ptrdiff_t>(index);
  shard.logins.erase(*it);
  logins.erase(it);
}

void LoginBook::forget_if_empty(Shard& shard, Persons::iterator person) {
  if (person->second.logins.empty() && person->second.last_seen == nullptr)
    shard.persons.erase(person);
}

std::string LoginBook::forget(Shard& shard, Logins::iterator login) {
  std::string id = (*login)->id;
  const auto person = shard.persons.find((*login)->user);
  const auto& own = person->second.logins;
  forget_login(shard, person,
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
