// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as parts of a revocation list (docs/REVOCATION-LIST.md). The first byte says which:
//
//   'm'  a manifest as it came      'p'  its payload, signed here
//   'a', 'r', 's', 'w'              the bytes of a chunk whose size and digest are right: tokens
//                                   added, tokens removed, subjects added, reasons
//
// What is accepted must keep what the page promises, looked at once more and plainly: a way from 0
// and from wherever a step ends, within the bounds; records in order, as many as were named.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/revocation/list_chunk.h"
#include "core/revocation/list_manifest.h"
#include "tests/support/signing.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here
using revocation::EntryKind;
using revocation::ListChunk;
using revocation::ListManifest;
using revocation::ListStep;

constexpr std::string_view kList = "https://lists.example.com/corp";
constexpr WallTime kNow{std::chrono::seconds{1'764'331'260}};

void require(bool held) {
  if (!held) std::abort();
}

const testing::SigningKey& key() {
  static const testing::SigningKey made = testing::SigningKey::of_the_rfc("list");
  return made;
}

void require_good(const ListManifest& manifest) {
  require(manifest.version >= 1 && manifest.version < std::uint64_t{1} << 53);
  std::set<std::uint64_t> starts = {0};
  std::size_t chunks = 0;
  for (const ListStep& step : manifest.steps) {
    require(step.from < step.to && step.to <= manifest.version);
    starts.insert(step.to);
    chunks += step.chunks.size();
    for (const ListChunk& chunk : step.chunks) {
      require(chunk.size <= 16'777'216 && chunk.entries >= 1 && chunk.entries <= 1'048'576);
      require(!chunk.kind || chunk.size % chunk.entries == 0);
      require(chunk.sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
      require(chunk.sha256.size() == 64);
      require(!chunk.remove || (step.from != 0 && !chunk.end && chunk.kind));
    }
  }
  require(chunks <= 256 && manifest.steps.size() <= 64);
  for (const std::uint64_t start : starts) {
    std::uint64_t at = start;
    std::uint64_t bytes = 0;
    for (const ListStep* step : way_to(manifest, start)) {
      require(step->from == at);
      at = step->to;
      for (const ListChunk& chunk : step->chunks) bytes += chunk.size;
    }
    require(at == manifest.version && bytes <= std::uint64_t{1} << 30);
  }
}

void read(std::string_view bytes) {
  static const auto keys = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  static jose::Scratch scratch;
  const auto manifest =
      revocation::read_manifest(bytes, {kList, keys}, std::nullopt, kNow, scratch);
  if (manifest) require_good(*manifest);
}

void check(std::string_view bytes, std::optional<EntryKind> kind, bool remove) {
  static const jose::Sha256 sha256;
  ListChunk chunk{.sha256 = revocation::hex_sha256(bytes, sha256),
                  .size = bytes.size(),
                  .kind = kind,
                  .remove = remove};
  chunk.entries = kind ? bytes.size() / record_bytes(chunk) : 0;
  if (!kind && !bytes.empty()) {  // the first byte names their number
    chunk.entries = static_cast<std::uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    chunk.size = bytes.size();
    chunk.sha256 = revocation::hex_sha256(bytes, sha256);
  }
  if (kind && bytes.size() != chunk.entries * record_bytes(chunk)) return;  // bounds of a manifest
  const auto checked = revocation::check_chunk(chunk, bytes, sha256);
  if (!checked) return;
  std::string again;
  std::uint64_t count = 0;
  std::optional<revocation::NameDigest> before;
  checked->each_entry([&](const revocation::Entry& entry) {
    require(!before || *before < entry.digest);
    before = entry.digest;
    require(entry.before >= WallTime{});
    append_record(entry, remove, again);
    ++count;
  });
  for (const revocation::ListReason& reason : checked->reasons()) {
    append_reason(reason, again);
    ++count;
  }
  require(count == chunk.entries && again == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const char form = input[0];
  input.remove_prefix(1);
  switch (form) {
    case 'm':
      read(input);
      break;
    case 'p':
      read(key().token(R"({"alg":"EdDSA","kid":"list","typ":"latchkey-revocations+jwt"})", input));
      break;
    case 'a':
      check(input, EntryKind::token, false);
      break;
    case 'r':
      check(input, EntryKind::token, true);
      break;
    case 's':
      check(input, EntryKind::subject, false);
      break;
    case 'w':
      check(input, std::nullopt, false);
      break;
    default:
      break;
  }
  return 0;
}
