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

#include "core/issuer/issuer_config.h"
#include "core/jose/symmetric_key.h"
#include "wire/secret_buffer.h"

namespace latchkey::cli {

// A sentence for whoever runs the tool; it never quotes content.
template <typename T>
using FileResult = tl::expected<T, std::string>;

inline constexpr std::string_view kStandardInput = "-";

// At most `most` bytes; more is an error. "-" is standard input. Where nothing is there, the error
// names the option and not the path, which may be anything that was typed.
FileResult<wire::SecretBuffer> read_input(const std::string& path, std::size_t most,
                                          std::string_view option);

// A token whatever its bytes, without the one line break at its end that editors and shells put
// there: the engine judges the rest, blanks too, as the daemon does. Of what is longer than any
// token so much is read that the engine sees that, and refuses it.
FileResult<wire::SecretBuffer> read_token(const std::string& path);

// A private key. A plain file that everybody may read, or others may write, is refused.
FileResult<wire::SecretBuffer> read_key(const std::string& path);

// An issuer's symmetric key. What latchkeyd would not take is refused here, too, so that a verdict
// is no other than the daemon's: a plain file, of root, the daemon's user or the caller, written by
// nobody else and read by no other group.
FileResult<wire::SecretBuffer> read_shared_key(const std::string& path);

// A `jwks_file`, under the daemon's rules for it: a plain file that nobody else may write to.
FileResult<wire::SecretBuffer> read_key_set_file(const std::string& path);

// The key in it, as the daemon would have it.
FileResult<jose::SymmetricKey> read_symmetric_key(const issuer::IssuerConfig& issuer);

enum class Existing { refuse, replace };

// Mode 0600 from the start, on the disk when it returns. What is there already is kept, or replaced
// whole.
FileResult<void> write_private(const std::string& path, std::string_view content,
                               Existing existing);

// Straight to standard output, without a copy in a buffer of stdio.
FileResult<void> print_secret(std::string_view content);

}  // namespace latchkey::cli
