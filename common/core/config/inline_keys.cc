// SPDX-License-Identifier: Apache-2.0
#include "core/config/inline_keys.h"

#include <algorithm>
#include <string_view>

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/jwk_set.h"

namespace latchkey::config {
namespace {

using Kind = YamlNode::Kind;

std::string json_string(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Members of a JWK are texts, whatever they look like: "e: 0101" is no number. Depth is bounded by
// the YAML's.
std::string json(const YamlNode& node) {
  std::string out;
  switch (node.kind) {
    case Kind::null:
      return "null";
    case Kind::scalar:
      if (node.plain && (node.text == "true" || node.text == "false")) return node.text;
      return json_string(node.text);
    case Kind::list:
      for (const YamlNode& item : node.items) out += (out.empty() ? "" : ",") + json(item);
      return '[' + out + ']';
    case Kind::map:
      for (const auto& [name, value] : node.members)
        out += (out.empty() ? "" : ",") + json_string(name.text) + ':' + json(value);
      return '{' + out + '}';
  }
  return out;
}

}  // namespace

tl::expected<issuer::InlineKeys, std::string> read_inline_keys(const YamlNode& node) {
  if (node.kind != Kind::map && node.kind != Kind::scalar)
    return tl::unexpected<std::string>("a JWK set such as { keys: [ … ] }, or its JSON as a text");
  std::string document = node.kind == Kind::map ? json(node) : node.text;
  // Between its strings, where alone JSON may have them.
  std::replace_if(
      document.begin(), document.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; },
      ' ');
  const auto set = jose::JwkSet::parse(document);
  if (!set) return tl::unexpected("a JWK set (" + set.error().detail + ")");
  if (!set->dropped().empty()) {
    const jose::DroppedKey& first = set->dropped().front();
    return tl::unexpected("keys that are all of use (key " + quoted(first.kid) + ": " + first.why +
                          ")");
  }
  if (set->empty()) return tl::unexpected<std::string>("a JWK set with at least one key");
  return issuer::InlineKeys{std::move(document)};
}

}  // namespace latchkey::config
