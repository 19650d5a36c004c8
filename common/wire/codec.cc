// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.h"

#include "wire/fields.h"
#include "wire/text.h"

namespace latchkey::wire {
namespace {

constexpr std::uint32_t kNoGroup = 0xFFFF'FFFFU;  // (gid_t)-1 means "leave as it is" to the kernel
constexpr std::string_view kEnvironmentPrefix = "LATCHKEY_";

// NAME=VALUE with a name of ours: nothing else may reach the environment of a login (LD_PRELOAD,
// PATH).
bool is_environment(std::string_view text) noexcept {
  if (has_nul(text) || !take(text, kEnvironmentPrefix)) return false;
  std::size_t letters = 0;
  while (letters < text.size() &&
         ((text[letters] >= 'A' && text[letters] <= 'Z') || text[letters] == '_'))
    ++letters;
  return letters > 0 && letters < text.size() && text[letters] == '=';
}

bool known(Operation operation) noexcept {
  return operation >= Operation::authenticate && operation <= Operation::close_session;
}
bool known(Echo echo) noexcept { return echo == Echo::off || echo == Echo::on; }
bool known(TellKind kind) noexcept { return kind == TellKind::info || kind == TellKind::error; }
bool known(NoAnswer code) noexcept {
  return code == NoAnswer::conversation_error || code == NoAnswer::too_long;
}
bool known(Result result) noexcept {
  return result >= Result::allow && result <= Result::conversation;
}

// The most that the body of a frame may hold; 0 for a type that the table does not know.
std::size_t body_most(FrameType type) noexcept {
  switch (type) {
    case FrameType::begin:
      return kBeginMost;
    case FrameType::answer:
      return kTokenMost;
    case FrameType::no_answer:
      return kNoAnswerFrameSize - kHeaderSize;
    case FrameType::ask:
    case FrameType::tell:
      return kAskFrameMost - kHeaderSize;
    case FrameType::verdict:
      return kToModuleMost - kHeaderSize;
  }
  return 0;
}

// A reader over the body of a frame of that type; it stands at its fault where the header is wrong.
Reader open_body(Bytes frame, FrameType type) noexcept {
  const Decoded<FrameType> header = decode_header(frame);
  Reader reader(header ? Bytes(frame.data() + kHeaderSize, frame.size() - kHeaderSize) : Bytes());
  reader.require(bool(header), header.fault);
  reader.require(header.value == type, Fault::type);
  return reader;
}

// What both ends hold a Verdict to, whichever way it goes.
Fault verdict_fault(const Verdict& verdict) noexcept {
  if (!known(verdict.result)) return Fault::value;
  if (verdict.request_id.size() != kRequestIdSize || !lower_hex(verdict.request_id))
    return Fault::text;
  if (verdict.environment_count > kEnvironmentMost || verdict.groups_count > kGroupsMost)
    return Fault::too_long;
  if (verdict.result != Result::allow && verdict.environment_count + verdict.groups_count > 0)
    return Fault::misplaced;
  for (std::size_t i = 0; i < verdict.environment_count; ++i) {
    if (!is_environment(verdict.environment.data()[i])) return Fault::text;
  }
  for (std::size_t i = 0; i < verdict.groups_count; ++i) {
    if (verdict.groups.data()[i] == kNoGroup) return Fault::value;
  }
  return Fault::none;
}

}  // namespace

std::string_view name(Fault fault) noexcept {
  switch (fault) {
    case Fault::none:
      return "no fault";
    case Fault::cut:
      return "frame cut short";
    case Fault::magic:
      return "wrong magic";
    case Fault::version:
      return "another protocol version";
    case Fault::type:
      return "unexpected frame type";
    case Fault::reserved:
      return "reserved byte not zero";
    case Fault::length:
      return "body length does not match";
    case Fault::too_long:
      return "field too long";
    case Fault::value:
      return "unknown value";
    case Fault::text:
      return "malformed string";
    case Fault::trailing:
      return "trailing bytes";
    case Fault::misplaced:
      return "environment or groups in a refusal";
    case Fault::no_room:
      return "buffer too small";
  }
  return "unknown fault";
}

bool is_login_id(std::string_view login) noexcept {
  return login.empty() || (login.size() == kLoginSize && lower_hex(login));
}

Encoded encode_begin(const Begin& begin, std::span<std::byte> out) noexcept {
  Writer writer(FrameType::begin, out);
  writer.require(known(begin.operation), Fault::value);
  writer.u8(static_cast<std::uint8_t>(begin.operation));
  writer.reserved();
  writer.u32(begin.flags);
  writer.u32(static_cast<std::uint32_t>(begin.pid));
  writer.u32(static_cast<std::uint32_t>(begin.ppid));
  writer.string(begin.service, kServiceMost);
  writer.string(begin.user, kUserMost);
  writer.string(begin.ruser, kUserMost);
  writer.string(begin.rhost, kRhostMost);
  writer.string(begin.tty, kTtyMost);
  writer.string(begin.session, kSessionMost);
  writer.string(begin.login, kLoginSize);
  writer.require(is_login_id(begin.login), Fault::text);
  return writer.finish();
}

Encoded encode_ask(const Ask& ask, std::span<std::byte> out) noexcept {
  Writer writer(FrameType::ask, out);
  writer.require(known(ask.echo), Fault::value);
  writer.u8(static_cast<std::uint8_t>(ask.echo));
  writer.reserved();
  writer.string(ask.text, kTextMost);
  return writer.finish();
}

Encoded encode_tell(const Tell& tell, std::span<std::byte> out) noexcept {
  Writer writer(FrameType::tell, out);
  writer.require(known(tell.kind), Fault::value);
  writer.u8(static_cast<std::uint8_t>(tell.kind));
  writer.reserved();
  writer.string(tell.text, kTextMost);
  return writer.finish();
}

Encoded encode_no_answer(NoAnswer code, std::span<std::byte> out) noexcept {
  Writer writer(FrameType::no_answer, out);
  writer.require(known(code), Fault::value);
  writer.u8(static_cast<std::uint8_t>(code));
  writer.reserved();
  return writer.finish();
}

Encoded encode_verdict(const Verdict& verdict, std::span<std::byte> out) noexcept {
  Writer writer(FrameType::verdict, out);
  if (const Fault fault = verdict_fault(verdict); fault != Fault::none)
    return {.size = 0, .fault = fault};
  writer.u8(static_cast<std::uint8_t>(verdict.result));
  writer.reserved();
  writer.raw(verdict.request_id);
  writer.string(verdict.text, kTextMost);
  writer.u8(static_cast<std::uint8_t>(verdict.environment_count));
  for (std::size_t i = 0; i < verdict.environment_count; ++i) {
    writer.string(verdict.environment.data()[i], kEnvironmentBytesMost);
  }
  writer.u8(static_cast<std::uint8_t>(verdict.groups_count));
  for (std::size_t i = 0; i < verdict.groups_count; ++i) writer.u32(verdict.groups.data()[i]);
  return writer.finish();
}

Encoded encode_answer_header(std::size_t answer_size,
                             std::span<std::byte, kHeaderSize> out) noexcept {
  if (answer_size > kTokenMost) return {.size = 0, .fault = Fault::too_long};
  Writer writer(FrameType::answer, out);
  Encoded encoded = writer.finish();
  for (std::size_t i = 0; i < 4; ++i) {
    out.data()[kHeaderSize - 4 + i] = static_cast<std::byte>((answer_size >> (8 * i)) & 0xFFU);
  }
  return encoded;
}

Decoded<FrameType> decode_header(Bytes start, std::size_t frame_size) noexcept {
  Reader reader(start);
  reader.require(reader.u32() == kMagic, Fault::magic);
  reader.require(reader.u16() == kVersion, Fault::version);
  const auto type = static_cast<FrameType>(reader.u8());
  const std::size_t most = body_most(type);
  reader.require(most > 0, Fault::type);
  reader.require(reader.u8() == 0, Fault::reserved);
  const std::size_t body = reader.u32();
  reader.require(body <= most, Fault::too_long);
  reader.require(frame_size >= kHeaderSize && body == frame_size - kHeaderSize, Fault::length);
  if (reader.fault() != Fault::none) return {.value = {}, .fault = reader.fault()};
  return {.value = type, .fault = Fault::none};
}

Decoded<Begin> decode_begin(Bytes frame) noexcept {
  Reader reader = open_body(frame, FrameType::begin);
  Begin begin;
  begin.operation = static_cast<Operation>(reader.u8());
  reader.require(known(begin.operation), Fault::value);
  reader.reserved();
  begin.flags = reader.u32();
  begin.pid = static_cast<std::int32_t>(reader.u32());
  begin.ppid = static_cast<std::int32_t>(reader.u32());
  begin.service = reader.string(kServiceMost);
  begin.user = reader.string(kUserMost);
  begin.ruser = reader.string(kUserMost);
  begin.rhost = reader.string(kRhostMost);
  begin.tty = reader.string(kTtyMost);
  begin.session = reader.string(kSessionMost);
  begin.login = reader.string(kLoginSize);
  reader.require(is_login_id(begin.login), Fault::text);
  if (const Fault fault = reader.finish(); fault != Fault::none)
    return {.value = {}, .fault = fault};
  return {.value = begin, .fault = Fault::none};
}

Decoded<Bytes> decode_answer(Bytes frame) noexcept {
  Reader reader = open_body(frame, FrameType::answer);
  if (reader.fault() != Fault::none) return {.value = {}, .fault = reader.fault()};
  const Bytes answer(frame.data() + kHeaderSize, frame.size() - kHeaderSize);
  if (has_nul({reinterpret_cast<const char*>(answer.data()), answer.size()}))
    return {.value = {}, .fault = Fault::text};
  return {.value = answer, .fault = Fault::none};
}

Decoded<NoAnswer> decode_no_answer(Bytes frame) noexcept {
  Reader reader = open_body(frame, FrameType::no_answer);
  const auto code = static_cast<NoAnswer>(reader.u8());
  reader.require(known(code), Fault::value);
  reader.reserved();
  if (const Fault fault = reader.finish(); fault != Fault::none)
    return {.value = {}, .fault = fault};
  return {.value = code, .fault = Fault::none};
}

Decoded<Ask> decode_ask(Bytes frame) noexcept {
  Reader reader = open_body(frame, FrameType::ask);
  Ask ask;
  ask.echo = static_cast<Echo>(reader.u8());
  reader.require(known(ask.echo), Fault::value);
  reader.reserved();
  ask.text = reader.string(kTextMost);
  if (const Fault fault = reader.finish(); fault != Fault::none)
    return {.value = {}, .fault = fault};
  return {.value = ask, .fault = Fault::none};
}

Decoded<Tell> decode_tell(Bytes frame) noexcept {
  Reader reader = open_body(frame, FrameType::tell);
  Tell tell;
  tell.kind = static_cast<TellKind>(reader.u8());
  reader.require(known(tell.kind), Fault::value);
  reader.reserved();
  tell.text = reader.string(kTextMost);
  if (const Fault fault = reader.finish(); fault != Fault::none)
    return {.value = {}, .fault = fault};
  return {.value = tell, .fault = Fault::none};
}

Decoded<Verdict> decode_verdict(Bytes frame) noexcept {
  Reader reader = open_body(frame, FrameType::verdict);
  Verdict verdict;
  verdict.result = static_cast<Result>(reader.u8());
  reader.reserved();
  verdict.request_id = reader.raw(kRequestIdSize);
  verdict.text = reader.string(kTextMost);
  verdict.environment_count = reader.u8();
  reader.require(verdict.environment_count <= kEnvironmentMost, Fault::too_long);
  for (std::size_t i = 0; reader.fault() == Fault::none && i < verdict.environment_count; ++i) {
    verdict.environment.data()[i] = reader.string(kEnvironmentBytesMost);
  }
  verdict.groups_count = reader.u8();
  reader.require(verdict.groups_count <= kGroupsMost, Fault::too_long);
  for (std::size_t i = 0; reader.fault() == Fault::none && i < verdict.groups_count; ++i) {
    verdict.groups.data()[i] = reader.u32();
  }
  Fault fault = reader.finish();
  if (fault == Fault::none) fault = verdict_fault(verdict);
  if (fault != Fault::none) return {.value = {}, .fault = fault};
  return {.value = verdict, .fault = Fault::none};
}

}  // namespace latchkey::wire
