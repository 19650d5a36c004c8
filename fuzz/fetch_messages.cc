// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a message of the fetch protocol: refused, or within bounds and equal after a second
// trip.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ipc/fetch_protocol.h"

namespace fetch = latchkey::ipc::fetch;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  if (const auto request = fetch::decode_request(message)) {
    const bool chunk = request->document == fetch::Document::list_chunk;
    if (request->bytes > (chunk ? fetch::kChunkMost : fetch::kTokenMost)) std::abort();
    if (request->sha256.size() != (chunk ? 64U : 0U) ||
        request->sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
      std::abort();
    }
    if (request->etag.size() > fetch::kEtagMost || request->issuer.size() > 64) std::abort();
    const std::string written = fetch::encode(*request);
    const auto again = fetch::decode_request(written);
    if (!again || fetch::encode(*again) != written) std::abort();
  }
  if (const auto answer = fetch::decode_answer(message)) {
    if (answer->bytes > fetch::kChunkMost) std::abort();
    const std::string written = fetch::encode(*answer);
    if (written.size() > fetch::kMessageMost) std::abort();
    const auto again = fetch::decode_answer(written);
    if (!again || again->status != answer->status || again->bytes != answer->bytes ||
        again->etag != answer->etag || again->form != answer->form ||
        again->http_status != answer->http_status) {
      std::abort();
    }
  }
  return 0;
}
