// SPDX-License-Identifier: Apache-2.0
#include "core/claims/validated_claims.h"

#include <cstring>
#include <utility>

namespace latchkey::claims {
namespace {

std::size_t size_of(std::string_view text) { return text.size(); }

std::size_t size_of(const TextList& list) { return list.bytes().size(); }

template <typename Text>
std::size_t size_of(const std::vector<Text>& texts) {
  std::size_t sum = 0;
  for (const Text& text : texts) sum += TextList::bytes_of(text);
  return sum;
}

// In the order of the struct, which is that in which they are written.
template <typename From>
std::size_t size_of_all(const From& from) {
  return size_of(from.issuer) + size_of(from.subject) + size_of(from.token_id) +
         size_of(from.token_digest) + size_of(from.key_id) + size_of(from.users) +
         size_of(from.groups) + size_of(from.client) + size_of(from.session) + size_of(from.acr) +
         size_of(from.amr) + size_of(from.status_uri) + size_of(from.conditions) +
         size_of(from.person);
}

// Writes texts one behind the other.
class Packer {
 public:
  explicit Packer(char* to) : to_(to) {}

  std::string_view put(std::string_view text) {
    char* const from = to_;
    if (!text.empty()) std::memcpy(from, text.data(), text.size());
    to_ += text.size();
    return {from, text.size()};
  }

  TextList put(const TextList& list) { return TextList(put(list.bytes())); }

  template <typename Text>
  TextList put(const std::vector<Text>& texts) {
    char* const from = to_;
    for (const Text& text : texts) to_ = TextList::append(to_, text);
    return TextList({from, static_cast<std::size_t>(to_ - from)});
  }

 private:
  char* to_;
};

template <typename From>
Claims pack_all(const From& from, char* to) {
  Packer packer(to);
  // The elements of a braced list are evaluated from left to right.
  return Claims{packer.put(from.issuer),
                packer.put(from.subject),
                packer.put(from.token_id),
                packer.put(from.token_digest),
                packer.put(from.key_id),
                packer.put(from.users),
                packer.put(from.groups),
                packer.put(from.client),
                packer.put(from.session),
                packer.put(from.acr),
                packer.put(from.amr),
                packer.put(from.status_uri),
                packer.put(from.conditions),
                packer.put(from.person),
                from.auth_time,
                from.issued_at,
                from.not_before,
                from.expires_at,
                from.status_index};
}

// Not filled with zeros first.
std::unique_ptr<char[]> texts_for(std::size_t size) {
  return std::make_unique_for_overwrite<char[]>(size);
}

std::vector<std::string> copied(const TextList& list) { return {list.begin(), list.end()}; }

}  // namespace

std::size_t packed_size(const Claims& claims) { return size_of_all(claims); }

PackedClaims pack(const Claims& claims, char* to) {
  pack_all(claims, to);
  const auto size = [](const auto& text) { return static_cast<std::uint32_t>(size_of(text)); };
  return {.sizes = {size(claims.issuer), size(claims.subject), size(claims.token_id),
                    size(claims.token_digest), size(claims.key_id), size(claims.users),
                    size(claims.groups), size(claims.client), size(claims.session),
                    size(claims.acr), size(claims.amr), size(claims.status_uri),
                    size(claims.conditions), size(claims.person)},
          .auth_time = claims.auth_time,
          .issued_at = claims.issued_at,
          .not_before = claims.not_before,
          .expires_at = claims.expires_at,
          .status_index = claims.status_index};
}

Claims unpack(const PackedClaims& packed, const char* from) {
  const std::uint32_t* size = packed.sizes.data();
  const auto next = [&] {
    const std::string_view text(from, *size++);
    from += text.size();
    return text;
  };
  // The elements of a braced list are evaluated from left to right.
  return Claims{next(),
                next(),
                next(),
                next(),
                next(),
                TextList(next()),
                TextList(next()),
                next(),
                next(),
                next(),
                TextList(next()),
                next(),
                TextList(next()),
                next(),
                packed.auth_time,
                packed.issued_at,
                packed.not_before,
                packed.expires_at,
                packed.status_index};
}

ValidatedClaims::ValidatedClaims(const ClaimsDraft& claims)
    : texts_(texts_for(size_of_all(claims))), claims_(pack_all(claims, texts_.get())) {}

ValidatedClaims::ValidatedClaims(const ValidatedClaims& other) : ValidatedClaims(recall(*other)) {}

ValidatedClaims ValidatedClaims::recall(const ClaimsRecord& claims) {
  auto texts = texts_for(size_of_all(claims));
  const Claims packed = pack_all(claims, texts.get());
  return {std::move(texts), packed};
}

ValidatedClaims ValidatedClaims::recall(const Claims& claims) {
  auto texts = texts_for(size_of_all(claims));
  const Claims packed = pack_all(claims, texts.get());
  return {std::move(texts), packed};
}

ClaimsRecord ValidatedClaims::record() const {
  return {.issuer = std::string(claims_.issuer),
          .subject = std::string(claims_.subject),
          .token_id = std::string(claims_.token_id),
          .token_digest = std::string(claims_.token_digest),
          .key_id = std::string(claims_.key_id),
          .users = copied(claims_.users),
          .groups = copied(claims_.groups),
          .client = std::string(claims_.client),
          .session = std::string(claims_.session),
          .acr = std::string(claims_.acr),
          .amr = copied(claims_.amr),
          .status_uri = std::string(claims_.status_uri),
          .conditions = copied(claims_.conditions),
          .person = std::string(claims_.person),
          .auth_time = claims_.auth_time,
          .issued_at = claims_.issued_at,
          .not_before = claims_.not_before,
          .expires_at = claims_.expires_at,
          .status_index = claims_.status_index};
}

}  // namespace latchkey::claims
