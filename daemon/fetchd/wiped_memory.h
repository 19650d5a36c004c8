// SPDX-License-Identifier: Apache-2.0
//
// Memory that is wiped when it is given back. Tokens and the client's credential pass through
// buffers of curl's, OpenSSL's and the C++ library's, none of which wipes; what is freed there
// would lie about until something else happens to lie over it, in the one process that reads what
// strangers send. The price is one pass over each block that is freed.
#pragma once

#include <cstddef>

namespace latchkey::fetchd {

// From here on OpenSSL gives memory back wiped. To be called before anything uses it; false where
// it has given out memory already. C++'s own `delete` wipes in every program that this is linked
// into.
bool wipe_what_openssl_frees();

// Starts curl, which then gives memory back wiped. It reads the environment, by OpenSSL: that has
// to be cleared before.
bool start_curl_that_wipes();

// As free and realloc; the old block is wiped, to its end, before it goes.
void wiping_free(void* block);
void* wiping_realloc(void* block, std::size_t size);

}  // namespace latchkey::fetchd
