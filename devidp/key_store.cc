// SPDX-License-Identifier: Apache-2.0
//
// The key set is written last: whoever reads it finds keys that are there.
#include "devidp/key_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/jose/json.h"

namespace latchkey::devidp {

using nlohmann::ordered_json;

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::optional<std::string_view> text(const jose::JsonValue& value, std::string_view name) {
  const auto member = value.find(name);
  return member ? member->as_string() : std::nullopt;
}

std::optional<bool> flag(const jose::JsonValue& value, std::string_view name) {
  const auto member = value.find(name);
  return member ? member->as_boolean() : std::nullopt;
}

Result<StoredKey> read_key(const jose::JsonValue& value) {
  const auto kid = text(value, "kid");
  const auto name = text(value, "alg");
  const auto algorithm = name ? jose::find_algorithm(*name) : std::nullopt;
  const auto served = flag(value, "served");
  const auto current = flag(value, "current");
  if (!kid || !algorithm || !served || !current) return failed("keys.json: a key of no good form");
  return StoredKey{std::string(*kid), *algorithm, *served, *current};
}

}  // namespace

Result<KeyStore> KeyStore::open(const std::string& folder) {
  KeyStore store(folder);
  if (auto made = make_folder(folder + "/keys"); !made) return tl::unexpected(made.error());
  if (exists(folder + "/keys.json")) {
    if (auto done = store.read(); !done) return tl::unexpected(done.error());
  }
  return store;
}

Result<void> KeyStore::read() {
  const auto text = read_file(folder_ + "/keys.json");
  if (!text) return tl::unexpected(text.error());
  jose::JsonReader reader;
  const auto list = reader.read(*text);
  if (!list || !list->is_array()) return failed("keys.json: no list of keys");
  for (const jose::JsonValue value : list->elements()) {
    auto key = read_key(value);
    if (!key) return tl::unexpected(key.error());
    keys_.push_back(*std::move(key));
  }
  return {};
}

const StoredKey* KeyStore::find(std::string_view kid) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const StoredKey& key) { return key.kid == kid; });
  return found == keys_.end() ? nullptr : &*found;
}

const StoredKey* KeyStore::current(jose::Algorithm algorithm) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const StoredKey& key) {
    return key.algorithm == algorithm && key.current;
  });
  return found == keys_.end() ? nullptr : &*found;
}

Result<void> KeyStore::ensure(jose::Algorithm algorithm) {
  if (current(algorithm) != nullptr) return {};
  if (auto added = add(algorithm); !added) return added;
  return save();
}

Result<void> KeyStore::rotate(Old old) {
  std::vector<jose::Algorithm> in_use;
  for (StoredKey& key : keys_) {
    if (key.current) in_use.push_back(key.algorithm);
    key.current = false;
    if (old == Old::withdraw) key.served = false;
  }
  for (const jose::Algorithm algorithm : in_use) {
    if (auto added = add(algorithm); !added) return added;
  }
  return save();
}

Result<void> KeyStore::withdraw(std::string_view kid) {
  for (StoredKey& key : keys_) {
    if (key.kid != kid) continue;
    key.served = false;
    key.current = false;
    return save();
  }
  return failed("no key " + std::string(kid));
}

Result<SigningKey> KeyStore::load(const StoredKey& key) const {
  const auto pem = read_file(pem_path(key.kid));
  if (!pem) return tl::unexpected(pem.error());
  return SigningKey::from_pem(key.algorithm, *pem);
}

Result<void> KeyStore::add(jose::Algorithm algorithm) {
  const auto same = [&](const StoredKey& key) { return key.algorithm == algorithm; };
  const auto number = std::count_if(keys_.begin(), keys_.end(), same) + 1;
  const auto key = SigningKey::generate(algorithm);
  if (!key) return tl::unexpected(key.error());
  const auto pem = key->private_pem();
  if (!pem) return tl::unexpected(pem.error());
  const std::string kid = lower(jose::algorithm_name(algorithm)) + "-" + std::to_string(number);
  if (auto written = write_file(pem_path(kid), *pem, 0600); !written) return written;
  keys_.push_back({kid, algorithm, true, true});
  return {};
}

Result<void> KeyStore::save() const {
  auto list = ordered_json::array();
  auto set = ordered_json::array();
  for (const StoredKey& key : keys_) {
    list.push_back({{"kid", key.kid},
                    {"alg", jose::algorithm_name(key.algorithm)},
                    {"served", key.served},
                    {"current", key.current}});
    if (!key.served) continue;
    const auto loaded = load(key);
    if (!loaded) return tl::unexpected(loaded.error());
    auto jwk = loaded->jwk(key.kid);
    if (!jwk) return tl::unexpected(jwk.error());
    set.push_back(*std::move(jwk));
  }
  if (auto written = write_file(folder_ + "/keys.json", list.dump(2) + "\n", 0600); !written)
    return written;
  return write_file(folder_ + "/jwks.json", ordered_json{{"keys", set}}.dump(2) + "\n", 0644);
}

}  // namespace latchkey::devidp
