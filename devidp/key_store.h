// SPDX-License-Identifier: Apache-2.0
//
// The provider's signing keys: FOLDER/keys.json says which there are, FOLDER/keys/KID.pem holds
// each, FOLDER/jwks.json is the set as it is served. A key that is withdrawn stays in the folder,
// so that a test can still sign with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/jose/algorithm.h"
#include "devidp/files.h"
#include "devidp/signing_key.h"

namespace latchkey::devidp {

struct StoredKey {
  std::string kid;  // "es256-2": algorithm and number
  jose::Algorithm algorithm;
  bool served = true;   // stands in the key set
  bool current = true;  // new tokens of its algorithm are signed with it
};

// Every change is on disk when the call returns. Whoever changes holds the folder's lock.
class KeyStore {
 public:
  static Result<KeyStore> open(const std::string& folder);

  const std::vector<StoredKey>& keys() const { return keys_; }
  const StoredKey* find(std::string_view kid) const;
  const StoredKey* current(jose::Algorithm algorithm) const;

  // Makes a key where the algorithm has no current one.
  Result<void> ensure(jose::Algorithm algorithm);

  // A new key for each algorithm in use; the old ones are served on, or withdrawn.
  enum class Old { serve, withdraw };
  Result<void> rotate(Old old);

  Result<void> withdraw(std::string_view kid);

  Result<SigningKey> load(const StoredKey& key) const;

 private:
  explicit KeyStore(std::string folder) : folder_(std::move(folder)) {}

  Result<void> read();
  Result<void> add(jose::Algorithm algorithm);
  Result<void> save() const;
  std::string pem_path(const std::string& kid) const { return folder_ + "/keys/" + kid + ".pem"; }

  std::string folder_;
  std::vector<StoredKey> keys_;
};

}  // namespace latchkey::devidp
