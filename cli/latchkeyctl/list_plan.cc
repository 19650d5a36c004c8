// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/list_plan.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/fit_key.h"
#include "core/jose/signing/compact_signature.h"

namespace latchkey::cli {
namespace {

using revocation::ListChunk;
using revocation::ListManifest;
using revocation::ListStep;

// A chain of changes that is longer, or holds more than a quarter of the set, gives way to a new
// step from 0; of the old chain so many steps stay, for those who follow closely.
constexpr std::size_t kChain = 32;
constexpr std::size_t kChainChunks = 192;
constexpr std::size_t kLinks = 8;
constexpr std::size_t kSmall = 4'096;  // entries of a chain that are never too many

std::size_t chunks_of(const std::vector<ListStep>& steps) {
  std::size_t count = 0;
  for (const ListStep& step : steps) count += step.chunks.size();
  return count;
}

std::uint64_t entries_of_chain(const ListManifest& plan) {
  std::uint64_t count = 0;
  for (const ListStep* step : way_to(plan, 0))
    if (step->from != 0)
      for (const ListChunk& chunk : step->chunks) count += chunk.entries;
  return count;
}

// A reader's own bounds: what it would refuse is not written.
ListStepResult<ListManifest> readable(ListManifest plan) {
  const auto read = revocation::read_unsigned(plan_text(plan));
  if (read) return plan;
  return tl::unexpected("readers would refuse the list: " + read.error().detail +
                        " (--round-end makes fewer chunks)");
}

}  // namespace

ListStepResult<ListManifest> next_plan(const ListFolder& folder, const ListManifest& last,
                                       const ListRows& rows, const ListChange& change,
                                       const Reasons& reasons, bool full) {
  ListManifest next = last;
  next.version = last.version + 1;
  auto chunks = folder.write_chunks(change, reasons);
  if (!chunks) return tl::unexpected(chunks.error());
  next.steps.push_back({last.version, next.version, *std::move(chunks)});
  const bool fits = next.steps.size() <= kChain && chunks_of(next.steps) <= kChainChunks &&
                    entries_of_chain(next) <= std::max(kSmall, rows.size() / 4);
  if (last.version != 0 && fits && !full) return readable(std::move(next));
  // Those who begin anew take the new step; the last links of the old chain lead to it.
  std::erase_if(next.steps, [](const ListStep& step) { return step.from == 0; });
  if (next.steps.size() > kLinks)
    next.steps.erase(next.steps.begin(), next.steps.end() - static_cast<std::ptrdiff_t>(kLinks));
  auto all = folder.write_chunks(difference({}, rows), reasons);
  if (!all) return tl::unexpected(all.error());
  next.steps.insert(next.steps.begin(), {0, next.version, *std::move(all)});
  while (chunks_of(next.steps) > revocation::list_limits::kChunks && next.steps.size() > 1)
    next.steps.erase(next.steps.begin() + 1);
  return readable(std::move(next));
}

ListStepResult<void> check_few(const ListRows& rows) {
  const auto few = static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(), [](const ListRow& row) { return !is_many(row.entry.kind); }));
  if (few <= revocation::list_limits::kFewEntries) return {};
  return tl::unexpected(
      fmt::format("readers would refuse the list: it has {} subjects, keys and users, more than {}",
                  few, revocation::list_limits::kFewEntries));
}

ListStepResult<jose::KeyMaterial> read_signing_key(const std::string& path) {
  auto text = read_key(path);
  if (!text) return tl::unexpected(text.error());
  auto key = jose::KeyMaterial::parse(text->view());
  text->wipe();
  if (!key) return tl::unexpected("--key: " + key.error());
  if (key->kind() == jose::KeyKind::oct)
    return tl::unexpected(std::string("--key: a list is signed by a key pair"));
  return *std::move(key);
}

ListStepResult<std::string> sign_manifest(const ListManifest& plan, const std::string& issuer,
                                          const jose::KeyMaterial& key) {
  const auto algorithms = key.algorithms();
  const auto name = key.thumbprint();
  if (algorithms.empty() || !name) return tl::unexpected(std::string("--key: cannot sign"));
  const jose::KeyLabels labels{.alg = std::string(jose::algorithm_name(algorithms.front()))};
  if (auto fit = check_fit(key, labels); !fit) return tl::unexpected("--key: " + fit.error());
  const nlohmann::ordered_json header{{"alg", jose::algorithm_name(algorithms.front())},
                                      {"typ", "latchkey-revocations+jwt"},
                                      {"kid", key.labels().kid.value_or(*name)}};
  auto payload = nlohmann::ordered_json::parse(plan_text(plan));
  payload["iss"] = issuer;
  payload["iat"] =
      std::chrono::floor<std::chrono::seconds>(plan.issued_at).time_since_epoch().count();
  payload["max_age"] = plan.max_age.count();
  if (!plan.seen.empty()) {
    auto& seen = payload["seen"] = nlohmann::ordered_json::object();
    for (const auto& each : plan.seen) seen[each.key_id] = each.seq;
  }
  const auto token = sign_compact(key, algorithms.front(), header.dump(), payload.dump());
  if (!token) return tl::unexpected(token.error());
  if (token->size() > revocation::list_limits::kManifestBytes)
    return tl::unexpected(
        std::string("the manifest is longer than 65536 bytes: 'list build --full' makes fewer "
                    "steps, '--round-end' fewer chunks"));
  return std::string(token->view());
}

}  // namespace latchkey::cli
