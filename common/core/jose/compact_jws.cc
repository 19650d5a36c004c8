// SPDX-License-Identifier: Apache-2.0
#include "core/jose/compact_jws.h"

#include <array>
#include <string>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/jose/base64url.h"
#include "core/jose/media_type.h"

namespace latchkey::jose {
namespace {

struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
};

// RFC 7515 section 5.2 (1): exactly two dots. Four make a JWE (RFC 7516 section 9).
Expected<Parts> split(std::string_view token, std::size_t most) {
  constexpr auto kNone = std::string_view::npos;
  if (LATCHKEY_FAILS(token_missing, token.empty())) return fail(Reason::token_missing);
  if (LATCHKEY_FAILS(token_too_long, token.size() > most)) return fail(Reason::token_too_long);
  if (LATCHKEY_FAILS(token_json_serialisation, token.starts_with('{'))) {  // RFC 7515 section 7.2
    return fail(Reason::token_malformed,
                "JSON serialisation is not accepted, only the compact form");
  }
  const std::size_t first = token.find('.');
  if (LATCHKEY_FAILS(token_no_dot, first == kNone))
    return fail(Reason::token_malformed, "it has no dot, a compact JWS has two");
  const std::size_t second = token.find('.', first + 1);
  if (LATCHKEY_FAILS(token_two_dots_least, second == kNone))
    return fail(Reason::token_malformed, "it has one dot, a compact JWS has two");
  if (const std::size_t third = token.find('.', second + 1);
      LATCHKEY_FAILS(token_two_dots_most, third != kNone)) {
    const std::size_t fourth = token.find('.', third + 1);
    if (LATCHKEY_FAILS(token_encrypted, fourth != kNone && token.find('.', fourth + 1) == kNone))
      return fail(Reason::token_encrypted);
    return fail(Reason::token_malformed, "it has more than two dots");
  }
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1)};
}

// Whether the encoded text may be an object's, by its first and last byte alone: a long part that
// is junk is not worth being decoded. What is not base64url there is for the decoder to refuse.
bool perhaps_object(std::string_view text) {
  constexpr std::size_t kGroup = 4;
  std::array<std::uint8_t, 3> bytes{};
  const auto blank = [](std::uint8_t byte) {  // RFC 8259 section 2
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
  };
  if (text.size() < kGroup) return true;
  const auto first = decode_base64url(text.substr(0, kGroup), bytes);
  if (first && bytes.front() != '{' && !blank(bytes.front())) return false;
  const std::size_t rest = text.size() % kGroup == 0 ? kGroup : text.size() % kGroup;
  const auto last = decode_base64url(text.substr(text.size() - rest), bytes);
  return !last || bytes[*last - 1] == '}' || blank(bytes[*last - 1]);
}

// A part that holds a JSON object (RFC 7515 section 5.2 steps 2 to 4, RFC 7519 section 7.2 step
// 10).
Expected<JsonValue> read_object(std::string_view what, std::string_view text,
                                std::span<std::uint8_t> buffer, JsonReader& reader) {
  const auto malformed = [&](std::string_view why) {
    return fail(Reason::token_malformed, std::string(what) + ": " + std::string(why));
  };
  if (LATCHKEY_FAILS(token_part_too_long, base64url_decoded_size(text.size()) > buffer.size()))
    return malformed("too long");
  if (!perhaps_object(text)) return malformed("no JSON object");
  const auto size = decode_base64url(text, buffer);
  if (LATCHKEY_FAILS(token_part_encoding, !size)) return malformed("not canonical base64url");
  const auto value =
      reader.read_padded({reinterpret_cast<const char*>(buffer.data()), size.value_or(0)});
  if (!value) return malformed(describe(value.error()));
  if (LATCHKEY_FAILS(token_part_no_object, !value->is_object())) return malformed("no JSON object");
  return *value;
}

Expected<JsonValue> read_header(std::string_view text, Scratch& scratch) {
  return read_object("header", text, scratch.header(), scratch.header_reader());
}

Expected<std::string_view> header_string(std::string_view name, const JsonValue& value) {
  const auto text = value.as_string();
  if (LATCHKEY_FAILS(header_member_type, !text))
    return fail(Reason::token_malformed, "header member '" + std::string(name) + "' is no string");
  return LATCHKEY_CHECKED(text, std::string_view());
}

// The header members that decide something. All others are passed over unread, the ones that carry
// or name a key (jku, jwk, x5u, x5c) above all (RFC 7515 section 4; RFC 8725 section 3.10).
struct HeaderFields {
  std::optional<std::string_view> alg;
  std::optional<std::string_view> kid;
  std::optional<std::string_view> typ;
  std::optional<std::string_view> cty;
  std::string_view unsupported;  // first member that asks for what is not done here

  Expected<void> take(const JsonMember& member) {
    // RFC 7515 section 4.1.11: nothing critical is understood here, so `crit` in any form is
    // refused. `b64` (RFC 7797) and `zip` (RFC 7516 section 4.1.3) outside of `crit` would have to
    // be ignored by section 4; they ask for the payload to be read in another way, so they are
    // refused, on purpose (docs/decisions/what-the-verifier-refuses.md).
    if (LATCHKEY_FAILS(header_crit, member.name == "crit") ||
        LATCHKEY_FAILS(header_b64, member.name == "b64") ||
        LATCHKEY_FAILS(header_zip, member.name == "zip")) {
      if (unsupported.empty()) unsupported = member.name;
      return {};
    }
    std::optional<std::string_view>* field = member.name == "alg"   ? &alg
                                             : member.name == "kid" ? &kid
                                             : member.name == "typ" ? &typ
                                             : member.name == "cty" ? &cty
                                                                    : nullptr;
    if (field != nullptr) {
      LATCHKEY_TRY(*field, header_string(member.name, member.value));
    }
    return {};
  }
};

Expected<HeaderFields> read_fields(const JsonValue& header) {
  HeaderFields fields;
  for (const JsonMember member : header.members()) LATCHKEY_TRY_VOID(fields.take(member));
  return fields;
}

// The name of the algorithm, of a header that asks for nothing else.
Expected<std::string_view> check_fields(const HeaderFields& fields) {
  if (!fields.unsupported.empty()) {
    return fail(Reason::header_unsupported,
                "header member '" + std::string(fields.unsupported) + "'");
  }
  // RFC 7519 section 5.2
  if (LATCHKEY_FAILS(header_cty_jwt, fields.cty && is_media_type(*fields.cty, "jwt"))) {
    return fail(Reason::header_unsupported, "the payload is a nested token (cty)");
  }
  if (LATCHKEY_FAILS(header_kid_too_long, fields.kid && fields.kid->size() > limits::kKidBytes)) {
    return fail(Reason::token_malformed, "header member 'kid' is longer than 256 bytes");
  }
  if (LATCHKEY_FAILS(header_alg_absent, !fields.alg))
    return fail(Reason::token_malformed,
                "header member 'alg' is absent");  // RFC 7515 section 4.1.1
  return LATCHKEY_CHECKED(fields.alg, "ES256");
}

}  // namespace

class CompactParser {
 public:
  // `find` is the one table of names in which the header's algorithm is looked up.
  template <typename Compact, typename Find>
  static Expected<Compact> parse(std::string_view token, Scratch& scratch, Payload payload_form,
                                 Find find) {
    Parts parts;
    LATCHKEY_TRY(parts, split(token, scratch.token_bytes()));
    auto header = read_header(parts.header, scratch);
    if (!header) return tl::unexpected(std::move(header).error());
    HeaderFields fields;
    LATCHKEY_TRY(fields, read_fields(*header));
    std::string_view name;
    LATCHKEY_TRY(name, check_fields(fields));
    const auto algorithm = find(name);
    if (LATCHKEY_FAILS(header_alg_unknown, !algorithm))
      return fail(Reason::algorithm_unsupported, "algorithm " + quoted(name));
    auto payload = payload_form == Payload::claims ? read_claims(parts.payload, scratch)
                                                   : read_opaque(parts.payload, scratch);
    if (!payload) return tl::unexpected(std::move(payload).error());

    CompactForm form(*header, *payload);
    LATCHKEY_TRY(form.signature_, read_signature(parts.signature, scratch));
    form.signing_input_ = token.substr(0, parts.header.size() + 1 + parts.payload.size());
    form.kid_ = fields.kid;
    form.typ_ = fields.typ;
    return Compact(form, LATCHKEY_CHECKED(algorithm, typename decltype(algorithm)::value_type()));
  }

 private:
  static Expected<JsonValue> read_claims(std::string_view text, Scratch& scratch) {
    return read_object("payload", text, scratch.payload(), scratch.payload_reader());
  }

  // The encoding is checked; the claims are those of "{}".
  static Expected<JsonValue> read_opaque(std::string_view text, Scratch& scratch) {
    const auto malformed = fail(Reason::token_malformed, "payload: not canonical base64url");
    if (LATCHKEY_FAILS(token_opaque_encoding, !decode_base64url(text, scratch.payload())))
      return malformed;
    const auto nothing = scratch.payload_reader().read("{}");
    if (!nothing) return malformed;
    return *nothing;
  }

  static Expected<std::span<const std::uint8_t>> read_signature(std::string_view text,
                                                                Scratch& scratch) {
    const std::size_t size = base64url_decoded_size(text.size());
    if (LATCHKEY_FAILS(signature_too_long, size > kSignatureBytes)) {
      return fail(Reason::token_malformed,
                  "signature: longer than that of any key that is accepted");
    }
    const std::span<std::uint8_t> bytes = scratch.signature(size);
    if (LATCHKEY_FAILS(signature_encoding, !decode_base64url(text, bytes))) {
      return fail(Reason::token_malformed, "signature: not canonical base64url");
    }
    return bytes;
  }
};

std::optional<std::string_view> CompactForm::unverified_issuer() const {
  const auto issuer = payload_.find("iss");
  return issuer ? issuer->as_string() : std::nullopt;
}

Expected<CompactJws> parse_compact(std::string_view token, Scratch& scratch, Payload payload) {
  return CompactParser::parse<CompactJws>(token, scratch, payload, find_algorithm);
}

Expected<CompactMac> parse_compact_mac(std::string_view token, Scratch& scratch, Payload payload) {
  return CompactParser::parse<CompactMac>(token, scratch, payload, find_symmetric_algorithm);
}

// As measured of the daemon, rounded up: 20 us for a conversation with a byte of junk, 60 us with
// 64 KiB of it, 270 us with a token of 61 KB whose HMAC is wrong.
std::chrono::nanoseconds quote(std::string_view token, Scratch& scratch) {
  constexpr std::chrono::microseconds kConversation{20};
  constexpr std::chrono::nanoseconds kByteOfJunk{1};   // the digest
  constexpr std::chrono::nanoseconds kByteOfToken{4};  // and base64url, JSON, the signature's hash
  const auto size = static_cast<std::int64_t>(token.size());
  if (token.size() > limits::kTokenBytes) return kConversation;  // it is not looked into
  const std::chrono::nanoseconds junk = kConversation + kByteOfJunk * size;
  const auto parts = split(token, limits::kTokenBytes);
  if (!parts) return junk;
  const auto header = read_header(parts->header, scratch);
  if (!header) return junk;
  const auto alg = header->find("alg");
  const auto name = alg ? alg->as_string() : std::nullopt;
  if (!name) return junk;
  const std::chrono::nanoseconds read = kConversation + kByteOfToken * size;
  if (const auto algorithm = find_algorithm(*name)) return read + verification_cost(*algorithm);
  const auto symmetric = find_symmetric_algorithm(*name);
  return symmetric ? read + verification_cost(*symmetric) : junk;
}

}  // namespace latchkey::jose
