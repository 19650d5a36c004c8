// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/entry.h"

#include <algorithm>
#include <memory>

#include "core/jose/base64url.h"

namespace latchkey::revocation {
namespace {

constexpr std::array<std::string_view, kEntryKinds> kNames = {"token",   "token_hash", "session",
                                                              "subject", "key",        "user"};
// What tells the kinds apart that are digested by name; 0: not digested by name.
constexpr std::array<char, kEntryKinds> kLetters = {'t', 0, 's', 'p', 0, 'u'};

constexpr std::size_t kSha256Bytes = 32;

template <typename Bytes>
NameDigest first_of(const Bytes& bytes) {
  NameDigest digest;
  std::copy_n(bytes.begin(), digest.size(), digest.begin());
  return digest;
}

std::optional<std::uint8_t> hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
  return std::nullopt;
}

}  // namespace

std::string_view entry_kind_name(EntryKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<EntryKind> find_entry_kind(std::string_view name) {
  const auto* it = std::find(kNames.begin(), kNames.end(), name);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<EntryKind>(it - kNames.begin());
}

Names::~Names() {
  for (auto& issuer : issuers_) delete issuer.load();
}

std::optional<NameDigest> Names::digest_issuer(std::string_view issuer) const {
  const auto digest = [&]() -> std::optional<NameDigest> {
    const auto whole = sha256_({issuer});
    if (!whole) return std::nullopt;
    return first_of(*whole);
  };
  for (auto& place : issuers_) {
    const Issuer* known = place.load(std::memory_order_acquire);
    if (known == nullptr) {
      const auto made = digest();
      if (!made) return std::nullopt;
      auto fresh = std::make_unique<const Issuer>(Issuer{std::string(issuer), *made});
      if (place.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel))
        return fresh.release()->digest;
    }
    if (known->name == issuer) return known->digest;
  }
  return digest();
}

// What stands before the value has one length for each kind, so no two names are written alike. A
// short name is put together first: one call into OpenSSL instead of two.
std::optional<NameDigest> Names::digest(EntryKind kind, std::string_view issuer,
                                        std::string_view value) const {
  const char letter = kLetters[static_cast<std::size_t>(kind)];
  if (letter == 0 || value.empty()) return std::nullopt;
  std::array<char, 128> name;
  name[0] = letter;
  std::size_t size = 1;
  if (kind != EntryKind::user) {
    const auto who = digest_issuer(issuer);
    if (!who) return std::nullopt;
    std::copy(who->begin(), who->end(), name.begin() + 1);
    size += who->size();
  }
  const bool fits = value.size() <= name.size() - size;
  if (fits) size += value.copy(name.data() + size, value.size());
  const std::string_view head(name.data(), size);
  const auto whole = fits ? sha256_({head}) : sha256_({head, value});
  if (!whole) return std::nullopt;
  return first_of(*whole);
}

std::optional<NameDigest> digest_of_token_hash(std::string_view hex) {
  if (hex.size() != kSha256Bytes * 2) return std::nullopt;
  std::array<std::uint8_t, kSha256Bytes> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto high = hex_digit(hex[i * 2]);
    const auto low = hex_digit(hex[i * 2 + 1]);
    if (!high || !low) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return first_of(bytes);
}

std::optional<NameDigest> digest_of_key(std::string_view thumbprint) {
  std::array<std::uint8_t, kSha256Bytes> bytes{};
  if (jose::base64url_decoded_size(thumbprint.size()) != bytes.size()) return std::nullopt;
  if (jose::decode_base64url(thumbprint, bytes) != bytes.size()) return std::nullopt;
  return first_of(bytes);
}

}  // namespace latchkey::revocation
