// SPDX-License-Identifier: Apache-2.0
//
// Files of the token and jwk commands: read whole into memory that is wiped, up to a bound, from
// whatever can be read (a plain file, a fifo, a process substitution, standard input); private keys
// written so that nobody else can read them, not even for a moment.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "wire/secret_buffer.h"

namespace latchkey::cli {

// A sentence for whoever runs the tool; it never quotes content.
template <typename T>
using FileResult = tl::expected<T, std::string>;

inline constexpr std::string_view kStandardInput = "-";

// At most `most` bytes; more is an error. "-" is standard input.
FileResult<wire::SecretBuffer> read_input(const std::string& path, std::size_t most);

// A token without the blanks around it, whatever its bytes: the engine judges them. Of what is
// longer than any token only so much is read that the engine sees that.
FileResult<wire::SecretBuffer> read_token(const std::string& path);

// A private key. A plain file that everybody may read is refused.
FileResult<wire::SecretBuffer> read_key(const std::string& path);

// An issuer's symmetric key. What latchkeyd would not take is refused here, too, so that a verdict
// is no other than the daemon's: a plain file, of root, the daemon's user or the caller, written by
// nobody else and read by no other group.
FileResult<wire::SecretBuffer> read_shared_key(const std::string& path);

enum class Existing { refuse, replace };

// Mode 0600 from the start, on the disk when it returns. What is there already is kept, or replaced
// whole.
FileResult<void> write_private(const std::string& path, std::string_view content,
                               Existing existing);

// Straight to standard output, without a copy in a buffer of stdio.
FileResult<void> print_secret(std::string_view content);

}  // namespace latchkey::cli
