// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/wiped_memory.h"

#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

// This is what all other memory management stands on.
// NOLINTBEGIN(cppcoreguidelines-no-malloc)

namespace latchkey::fetchd {
namespace {

void* openssl_malloc(std::size_t size, const char* /*file*/, int /*line*/) {
  return std::malloc(size);
}

void* openssl_realloc(void* block, std::size_t size, const char* /*file*/, int /*line*/) {
  return wiping_realloc(block, size);
}

void openssl_free(void* block, const char* /*file*/, int /*line*/) { wiping_free(block); }

}  // namespace

bool wipe_what_openssl_frees() {
  return CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;
}

bool start_curl_that_wipes() {
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, wiping_free, wiping_realloc,
                              ::strdup, std::calloc) == CURLE_OK;
}

void wiping_free(void* block) {
  if (block == nullptr) return;
  ::explicit_bzero(block, ::malloc_usable_size(block));
  std::free(block);
}

// Never in place, and never by realloc, which moves a block and leaves the old one as it was.
void* wiping_realloc(void* block, std::size_t size) {
  if (block == nullptr) return std::malloc(size);
  if (size == 0) {
    wiping_free(block);
    return nullptr;
  }
  void* fresh = std::malloc(size);
  if (fresh == nullptr) return nullptr;
  std::memcpy(fresh, block, std::min(size, ::malloc_usable_size(block)));
  wiping_free(block);
  return fresh;
}

}  // namespace latchkey::fetchd

// Of the C++ library, which has its memory from malloc. The forms with a size and the throwing ones
// of arrays come down to these. A sanitizer of threads has its own, and no tokens.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LATCHKEY_OPERATORS_OF_THE_SANITIZER
#endif
#endif
#ifndef LATCHKEY_OPERATORS_OF_THE_SANITIZER
void* operator new(std::size_t size) {
  void* block = std::malloc(std::max<std::size_t>(size, 1));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept { latchkey::fetchd::wiping_free(block); }
void operator delete(void* block, std::size_t /*size*/) noexcept {
  latchkey::fetchd::wiping_free(block);
}
#endif
// NOLINTEND(cppcoreguidelines-no-malloc)
