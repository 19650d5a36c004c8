// SPDX-License-Identifier: Apache-2.0
//
// What the module reads from its socket: any bytes are a frame of the table or a fault. An accepted
// frame says in bytes exactly what was read off it, so that nothing hides between two readings; a
// shown text has no control character.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "pam_module/conversation.h"
#include "wire/codec.h"

namespace {

namespace wire = latchkey::wire;
namespace pam_module = latchkey::pam_module;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

template <typename T, typename Encode>
void encodes_back(const wire::Decoded<T>& decoded, wire::Bytes frame, Encode encode) {
  if (!decoded) return require(!wire::name(decoded.fault).empty(), "a fault has a name");
  std::byte out[wire::kToModuleMost];
  const wire::Encoded encoded = encode(*decoded, std::span<std::byte>(out));
  require(bool(encoded) && encoded.size == frame.size(), "what is accepted can be encoded");
  require(std::memcmp(out, frame.data(), frame.size()) == 0, "there is one encoding");
}

void shows_no_control(std::string_view text) {
  char out[wire::kTextMost + 1];
  pam_module::copy_printable(text, out);
  require(std::strlen(out) <= text.size(), "nothing is added");
  for (const char* at = out; *at != '\0'; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    const auto next = static_cast<unsigned char>(at[1]);
    require(byte >= 0x20 || byte == '\n' || byte == '\t', "no C0 control");
    require(byte != 0x7F, "no DEL");
    require(!(byte == 0xC2 && next >= 0x80 && next < 0xA0), "no C1 control");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const wire::Bytes frame(reinterpret_cast<const std::byte*>(data), size);
  const auto type = wire::decode_header(frame);
  const auto ask = wire::decode_ask(frame);
  const auto tell = wire::decode_tell(frame);
  const auto verdict = wire::decode_verdict(frame);
  require(int(bool(ask)) + int(bool(tell)) + int(bool(verdict)) <= 1, "a frame has one type");
  if (ask || tell || verdict) {
    require(bool(type) && size <= wire::kToModuleMost, "an accepted frame has a good header");
  }
  encodes_back(ask, frame, wire::encode_ask);
  encodes_back(tell, frame, wire::encode_tell);
  encodes_back(verdict, frame, wire::encode_verdict);
  if (ask) shows_no_control(ask->text);
  if (tell) shows_no_control(tell->text);
  if (verdict) shows_no_control(verdict->text);
  shows_no_control({reinterpret_cast<const char*>(data), size});
  return 0;
}
