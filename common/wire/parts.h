// SPDX-License-Identifier: Apache-2.0
//
// Tokens in parts (docs/PROTOCOL.md): clients cut or refuse long answers, so a token may be given
// as several answers. Our prompts end in a fixed marker that tells a helper which part is asked for
// and how long it may be; a part says which part of which token it is. Both directions of both
// texts live here, so that they cannot drift apart. Libc only, no heap; wire has no crypto: who
// makes parts or joins them hands the digest in, or checks it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "wire/limits.h"

namespace latchkey::wire {

// Fits each marker and each prefix that is made here.
inline constexpr std::size_t kMarkerMost = 32;
inline constexpr unsigned kPartsMost = kPromptsMost;
// The least MAX that leaves room for one byte of a token.
inline constexpr std::size_t kPartLeast = kPartPrefixMost + 1;

// "[latchkey/1 K/N MAX]: ": part K of N is asked for, in at most MAX bytes. N is 0 ("?") before the
// first part is seen.
struct Marker {
  unsigned part = 1;
  unsigned parts = 0;
  std::size_t most = kPartMostSsh;
};

// Writes the marker to the start of `out`; empty if it does not fit or is no valid marker (K or N
// out of 1 to kPartsMost, K above N, "?" for any part but the first, MAX out of kPartLeast to
// kTokenMost).
std::string_view make_marker(const Marker& marker, std::span<char, kMarkerMost> out) noexcept;

// The marker at the very end of a prompt, whatever stands before it (ssh puts "(user@host) "
// there); none if the end is not byte for byte what make_marker writes.
std::optional<Marker> find_marker(std::string_view prompt) noexcept;

// The end of a prompt that asks for nothing: the reason of a refusal, for applications that show no
// messages but do show prompts (PAM_SILENT, which sudo always sets). Whatever is answered is
// dropped.
inline constexpr std::string_view kNoticeMarker = "[latchkey/1 end]: ";

// "lk1.K.N.DIGEST.DATA".
struct Part {
  unsigned part = 1;
  unsigned parts = 1;
  std::string_view digest;  // the first 16 lower-case hex digits of the whole token's SHA-256
  std::string_view data;    // a raw slice of the token; never empty
};

enum class PartKind {
  whole,   // does not start as a part does: a whole token
  part,    // a well-formed part
  broken,  // starts as a part, and is none
};
struct ParsedPart {
  PartKind kind = PartKind::broken;
  Part part;  // where kind is part; views into the answer
};
ParsedPart parse_part(std::string_view answer) noexcept;

// How many parts a token of that size takes where an answer holds `most` bytes; 0 if it cannot be
// given at all (empty, over kTokenMost, more than kPartsMost parts, or `most` under kPartLeast).
unsigned parts_of(std::size_t token_size, std::size_t most) noexcept;

// Part number `part` of the token as make_part gives it: a slice, empty if there is no such part.
std::string_view slice_of(std::string_view token, unsigned part, std::size_t most) noexcept;

// Writes the part's text to the start of `out`; empty if it does not fit or is not well formed.
std::string_view make_part(const Part& part, std::span<char> out) noexcept;

}  // namespace latchkey::wire
