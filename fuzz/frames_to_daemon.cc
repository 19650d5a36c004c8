// SPDX-License-Identifier: Apache-2.0
//
// What latchkeyd reads from the module's connection. Root sends it, and still: any bytes are a
// frame of the table or a fault, and an accepted frame says in bytes exactly what was read off it.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "wire/codec.h"

namespace {

using namespace latchkey::wire;  // NOLINT(google-build-using-namespace): what is fuzzed here

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

void same(const Encoded& encoded, const std::vector<std::byte>& out, Bytes frame) {
  require(bool(encoded) && encoded.size == frame.size(), "what is accepted can be encoded");
  require(std::memcmp(out.data(), frame.data(), frame.size()) == 0, "there is one encoding");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes frame(reinterpret_cast<const std::byte*>(data), size);
  std::vector<std::byte> out(kBeginFrameMost);
  const auto type = decode_header(frame);
  const auto begin = decode_begin(frame);
  const auto answer = decode_answer(frame);
  const auto none = decode_no_answer(frame);
  require(int(bool(begin)) + int(bool(answer)) + int(bool(none)) <= 1, "a frame has one type");
  if (begin || answer || none) require(bool(type), "an accepted frame has a good header");
  if (begin) same(encode_begin(*begin, out), out, frame);
  if (none) same(encode_no_answer(*none, out), out, frame);
  if (answer) {
    require(answer->size() + kHeaderSize == size, "an answer is its whole body");
    std::byte header[kHeaderSize];
    require(bool(encode_answer_header(answer->size(), header)), "its header can be encoded");
    require(std::memcmp(header, data, kHeaderSize) == 0, "there is one encoding");
  }
  return 0;
}
