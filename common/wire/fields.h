// SPDX-License-Identifier: Apache-2.0
//
// The fields that frames are made of, written and read in order with one sticky fault, so that a
// codec is a straight column of fields. Used by codec.cc alone. No bound is taken from a peer:
// reads never leave the frame, writes never leave the buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "wire/codec.h"
#include "wire/text.h"

namespace latchkey::wire {

inline constexpr std::size_t kReserved = 3;  // bytes, zero, after each leading u8

// Appends fields; after the first fault nothing more is written.
class Writer {
 public:
  Writer(FrameType type, std::span<std::byte> out) noexcept : out_(out) {
    u32(kMagic);
    u16(kVersion);
    u8(static_cast<std::uint8_t>(type));
    u8(0);
    u32(0);  // the body length, known at the end
  }

  void fail(Fault fault) noexcept {
    if (fault_ == Fault::none) fault_ = fault;
  }
  void require(bool holds, Fault fault) noexcept {
    if (!holds) fail(fault);
  }
  void u8(std::uint8_t value) noexcept { number(value, 1); }
  void u16(std::uint16_t value) noexcept { number(value, 2); }
  void u32(std::uint32_t value) noexcept { number(value, 4); }
  void reserved() noexcept { number(0, kReserved); }
  void raw(std::string_view bytes) noexcept {
    if (!room(bytes.size()) || bytes.empty()) return;
    std::memcpy(out_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  void string(std::string_view text, std::size_t most) noexcept {
    if (text.size() > most) return fail(Fault::too_long);
    if (has_nul(text)) return fail(Fault::text);
    u16(static_cast<std::uint16_t>(text.size()));
    raw(text);
  }

  Encoded finish() noexcept {
    if (fault_ != Fault::none) return {.size = 0, .fault = fault_};
    const std::size_t size = used_;
    used_ = kHeaderSize - 4;
    u32(static_cast<std::uint32_t>(size - kHeaderSize));
    return {.size = size, .fault = Fault::none};
  }

 private:
  bool room(std::size_t size) noexcept {
    if (fault_ == Fault::none && out_.size() - used_ < size) fault_ = Fault::no_room;
    return fault_ == Fault::none;
  }
  void number(std::uint32_t value, std::size_t size) noexcept {
    if (!room(size)) return;
    for (std::size_t i = 0; i < size; ++i) {
      out_.data()[used_++] = static_cast<std::byte>(value & 0xFFU);
      value >>= 8U;
    }
  }

  std::span<std::byte> out_;
  std::size_t used_ = 0;
  Fault fault_ = Fault::none;
};

// Takes fields off the front; after the first fault every field is empty.
class Reader {
 public:
  explicit Reader(Bytes bytes) noexcept : rest_(bytes) {}

  void fail(Fault fault) noexcept {
    if (fault_ == Fault::none) fault_ = fault;
  }
  void require(bool holds, Fault fault) noexcept {
    if (!holds) fail(fault);
  }
  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() noexcept { return number(4); }
  void reserved() noexcept { require(number(kReserved) == 0, Fault::reserved); }
  std::string_view raw(std::size_t size) noexcept {
    if (fault_ == Fault::none && rest_.size() < size) fault_ = Fault::cut;
    if (fault_ != Fault::none || size == 0) return {};
    const std::string_view taken(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = Bytes(rest_.data() + size, rest_.size() - size);
    return taken;
  }
  std::string_view string(std::size_t most) noexcept {
    const std::size_t size = u16();
    require(size <= most, Fault::too_long);
    const std::string_view text = raw(size);
    require(!has_nul(text), Fault::text);
    return text;
  }
  Fault finish() noexcept {
    require(rest_.empty(), Fault::trailing);
    return fault_;
  }
  Fault fault() const noexcept { return fault_; }

 private:
  std::uint32_t number(std::size_t size) noexcept {
    const std::string_view bytes = raw(size);
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) {
      value = (value << 8U) | static_cast<std::uint8_t>(bytes.data()[i - 1]);
    }
    return value;
  }

  Bytes rest_;
  Fault fault_ = Fault::none;
};

}  // namespace latchkey::wire
