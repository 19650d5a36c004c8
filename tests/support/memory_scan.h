// SPDX-License-Identifier: Apache-2.0
//
// Looks for a secret in all of the memory that this process may write to, the dead part of its
// stack included, and says where each copy lies. The secret is held in a form of its own, so that
// the search does not find itself and the process need never have had the plain form: it can be
// made in another process. Of no use under a sanitizer, whose shadow is memory too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latchkey::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryCanBeScanned = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kMemoryCanBeScanned = false;
#else
inline constexpr bool kMemoryCanBeScanned = true;
#endif
#else
inline constexpr bool kMemoryCanBeScanned = true;
#endif

// The bytes of a secret with every bit turned. The form may be kept and sent; the secret is not in
// it.
std::string turned(std::string_view bytes);

// Every place where a piece of the secret lies, as "bytes 8 to 15 at [heap]+0x1f40". Pieces of
// eight bytes are looked for, so a copy of any 15 bytes in a row is found.
std::vector<std::string> places_in_memory(std::string_view turned_secret);

}  // namespace latchkey::testing
