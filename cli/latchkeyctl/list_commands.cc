// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/list_commands.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/fit_key.h"
#include "cli/latchkeyctl/list_files.h"
#include "cli/latchkeyctl/list_plan.h"
#include "cli/latchkeyctl/list_text.h"
#include "cli/latchkeyctl/moment.h"
#include "core/base/text.h"
#include "core/config/forms.h"
#include "core/jose/signing/compact_signature.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

using revocation::ListManifest;
using revocation::ListStep;

constexpr int kStale = 2;

// What a command did: for people, and with --json.
struct Done {
  std::string text;
  nlohmann::ordered_json json;
};
int say(const Session& session, const Done& done) {
  return print(session.json
                   ? done.json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n"
                   : done.text);
}

int failed(const Session& session, const std::string& text) {
  if (session.json) {
    const int printed = say(session, {"", {{"error", "failed"}, {"message", text}}});
    return printed == kOk ? kNegative : printed;
  }
  std::fprintf(stderr, "latchkeyctl: %s\n", text.c_str());
  return kNegative;
}
int usage(const std::string& text) {
  std::fprintf(stderr, "latchkeyctl: %s\n", text.c_str());
  return kUsage;
}

std::optional<std::chrono::seconds> whole_seconds(const std::string& text) {
  const auto time = config::parse_duration(text);
  if (!time || time->count() <= 0 || time->count() % 1'000 != 0) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*time);
}

ListStepResult<ListRows> read_text(const ListBuildOptions& options, std::chrono::seconds round_end,
                                   Reasons& reasons) {
  if (options.from == kStandardInput) {
    auto rows = read_list_text(std::cin, round_end, reasons);
    if (!rows) return tl::unexpected("standard input: " + rows.error());
    return rows;
  }
  std::ifstream file(options.from);
  if (!file) return tl::unexpected(std::string("--from: cannot be opened"));
  auto rows = read_list_text(file, round_end, reasons);
  if (!rows) return tl::unexpected("--from: " + rows.error());
  return rows;
}

ListStepResult<Done> build(const ListBuildOptions& options, std::chrono::seconds round_end) {
  const ListFolder folder(options.folder);
  Reasons reasons;
  const WallTime now = wall_now();
  auto rows = read_text(options, round_end, reasons);
  if (!rows) return tl::unexpected(rows.error());
  // What comes out of a pipe that broke is short, too, and would take back the rest.
  if (rows->size() < options.least)
    return tl::unexpected(
        fmt::format("the text has {} entries, fewer than --least {}", rows->size(), options.least));
  drop_ended(*rows, now);
  if (auto bounded = check_few(*rows); !bounded) return tl::unexpected(bounded.error());
  auto last = folder.read_plan();
  if (!last) return tl::unexpected(last.error());
  const ListManifest plan = last->value_or(ListManifest{});
  auto before = folder.read_rows(way_to(plan, 0), reasons);
  if (!before) return tl::unexpected(before.error());
  drop_ended(*before, now);
  const ListChange change = difference(*before, *rows);
  const auto json = [&](std::uint64_t version) {
    return nlohmann::ordered_json{{"version", version},
                                  {"changed", version != plan.version},
                                  {"entries", rows->size()},
                                  {"removed", change.removed.size()},
                                  {"added", change.added.size()}};
  };
  if (change.empty() && plan.version != 0 && !options.full)
    return Done{
        fmt::format("version {}: {} entries, nothing has changed\n", plan.version, rows->size()),
        json(plan.version)};
  if (auto made = folder.create(); !made) return tl::unexpected(made.error());
  const auto next = next_plan(folder, plan, *rows, change, reasons, options.full);
  if (!next) return tl::unexpected(next.error());
  if (auto written = folder.write_plan(*next); !written) return tl::unexpected(written.error());
  return Done{fmt::format("version {}: {} entries, {} removed, {} added; not signed yet\n",
                          next->version, rows->size(), change.removed.size(), change.added.size()),
              json(next->version)};
}

ListStepResult<Done> sign(const ListSignOptions& options, std::chrono::seconds max_age,
                          WallTime now) {
  const ListFolder folder(options.folder);
  auto plan = folder.read_plan();
  if (!plan) return tl::unexpected(plan.error());
  if (!*plan) return tl::unexpected(std::string("there is no list yet: 'list build' makes one"));
  const auto key = read_signing_key(options.key);
  if (!key) return tl::unexpected(key.error());
  (*plan)->max_age = max_age;
  (*plan)->issued_at = now;
  const auto token = sign_manifest(**plan, options.issuer, *key);
  if (!token) return tl::unexpected(token.error());
  if (auto written = folder.write_signed(*token); !written) return tl::unexpected(written.error());
  return Done{fmt::format("version {} is signed; readers ask again after {} s\n", (*plan)->version,
                          max_age.count() / 4),
              {{"version", (*plan)->version},
               {"issued_at", ipc::format_time(now)},
               {"max_age_s", max_age.count()}}};
}

// Whether every version that a reader may be at, and that can be made from here, leads to one set.
ListStepResult<ListRows> one_set(const ListFolder& folder, const ListManifest& manifest,
                                 WallTime now, Reasons& reasons) {
  const auto main_way = way_to(manifest, 0);
  auto rows = folder.read_rows(main_way, reasons);
  if (!rows) return rows;
  drop_ended(*rows, now);
  // How each version is reached from 0, where it is.
  std::map<std::uint64_t, std::vector<const ListStep*>> ways{{0, {}}};
  std::vector<const ListStep*> steps;
  steps.reserve(manifest.steps.size());
  for (const ListStep& step : manifest.steps) steps.push_back(&step);
  std::sort(steps.begin(), steps.end(),
            [](const ListStep* one, const ListStep* other) { return one->to < other->to; });
  for (const ListStep* step : steps) {
    const auto from = ways.find(step->from);
    if (from == ways.end()) {
      // Nobody can make its beginning any more; its chunks must be good all the same.
      if (auto change = folder.read_step(*step, reasons); !change)
        return tl::unexpected(change.error());
      continue;
    }
    auto way = from->second;
    way.push_back(step);
    ways.insert_or_assign(step->to, way);
    for (const ListStep* more : way_to(manifest, step->to)) way.push_back(more);
    if (way == main_way) continue;
    auto other = folder.read_rows(way, reasons);
    if (!other) return other;
    drop_ended(*other, now);
    const ListChange change = difference(*rows, *other);
    if (!change.removed.empty() || !change.added.empty())
      return tl::unexpected(
          fmt::format("the way over {} > {} leads to another set: {} entries less, {} more",
                      step->from, step->to, change.removed.size(), change.added.size()));
  }
  return rows;
}

std::string hex(const revocation::NameDigest& digest) {
  std::string out;
  for (const auto byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

std::string line_of(char sign, const ListRow& row, const Reasons& reasons) {
  std::string line =
      fmt::format("{} {} {}", sign, entry_kind_name(row.entry.kind), hex(row.entry.digest));
  if (row.entry.kind == revocation::EntryKind::subject)
    line += " before " + ipc::format_time(row.entry.before);
  if (row.entry.end) line += " end " + ipc::format_time(*row.entry.end);
  if (row.reason != 0) line += " " + quoted(reasons.text(row.reason));
  return line + "\n";
}

nlohmann::ordered_json json_of(const ListRow& row, const Reasons& reasons) {
  nlohmann::ordered_json out{{"kind", entry_kind_name(row.entry.kind)},
                             {"digest", hex(row.entry.digest)}};
  if (row.entry.kind == revocation::EntryKind::subject)
    out["before"] = ipc::format_time(row.entry.before);
  if (row.entry.end) out["end"] = ipc::format_time(*row.entry.end);
  if (row.reason != 0) out["reason"] = reasons.text(row.reason);
  return out;
}

ListStepResult<ListRows> current_rows(const std::string& path, Reasons& reasons) {
  const ListFolder folder(path);
  const auto plan = folder.read_plan();
  if (!plan) return tl::unexpected(plan.error());
  if (!*plan) return tl::unexpected(std::string("there is no list in one of the folders"));
  return folder.read_rows(way_to(**plan, 0), reasons);
}

}  // namespace

int list_build(const Session& session, const ListBuildOptions& options) {
  const auto round_end = whole_seconds(options.round_end);
  if (!round_end) return usage("--round-end takes a number and a unit, such as 1h or 1d");
  const auto done = build(options, *round_end);
  return done ? say(session, *done) : failed(session, done.error());
}

int list_sign(const Session& session, const ListSignOptions& options) {
  using revocation::list_limits::kMaxAgeLeast;
  using revocation::list_limits::kMaxAgeMost;
  const auto max_age = whole_seconds(options.max_age);
  if (!max_age || *max_age < kMaxAgeLeast || *max_age > kMaxAgeMost)
    return usage("--max-age takes 60s to 30d");
  const auto now = parse_moment(options.now);
  if (!now) return usage("--now takes an RFC 3339 time from 1970 on, or seconds");
  const auto done = sign(options, *max_age, *now);
  return done ? say(session, *done) : failed(session, done.error());
}

int list_verify(const Session& session, const ListVerifyOptions& options) {
  const auto now = parse_moment(options.now);
  if (!now) return usage("--now takes an RFC 3339 time from 1970 on, or seconds");
  const auto text = read_key_set_file(options.keys);
  if (!text) return failed(session, text.error());
  const auto keys = jose::JwkSet::parse(text->view());
  if (!keys || keys->empty()) return failed(session, "--keys: there is no usable key in it");
  const ListFolder folder(options.folder);
  const auto manifest = folder.read_signed();
  if (!manifest) return failed(session, manifest.error());
  jose::Scratch scratch;
  const auto read =
      revocation::read_manifest(*manifest, {options.issuer, *keys}, std::nullopt, *now, scratch);
  if (!read)
    return failed(session, fmt::format("refused ({}): {}", list_fault_name(read.error().fault),
                                       read.error().detail));
  Reasons reasons;
  const auto rows = one_set(folder, *read, *now, reasons);
  if (!rows) return failed(session, rows.error());
  const bool stale = *now > read->issued_at + read->max_age;
  const std::string signed_at = ipc::format_time(read->issued_at);
  const int printed =
      say(session, {fmt::format("version {}: {} entries, {} steps, signed {} by key {}{}\n",
                                read->version, rows->size(), read->steps.size(), signed_at,
                                read->key_id, stale ? "; STALE: sign it again" : ""),
                    {{"version", read->version},
                     {"entries", rows->size()},
                     {"steps", read->steps.size()},
                     {"issued_at", signed_at},
                     {"max_age_s", read->max_age.count()},
                     {"key", read->key_id},
                     {"stale", stale}}});
  if (printed != kOk) return printed;
  return stale ? kStale : kOk;
}

int list_diff(const Session& session, const ListDiffOptions& options) {
  Reasons reasons;
  const auto from = current_rows(options.from, reasons);
  if (!from) return failed(session, from.error());
  const auto to = current_rows(options.to, reasons);
  if (!to) return failed(session, to.error());
  const ListChange change = difference(*from, *to);
  Done done{
      "",
      {{"removed", nlohmann::ordered_json::array()}, {"added", nlohmann::ordered_json::array()}}};
  for (const ListRow& row : change.removed) {
    done.text += line_of('-', row, reasons);
    done.json["removed"].push_back(json_of(row, reasons));
  }
  for (const ListRow& row : change.added) {
    done.text += line_of('+', row, reasons);
    done.json["added"].push_back(json_of(row, reasons));
  }
  const int printed = say(session, done);
  if (printed != kOk) return printed;
  return change.removed.empty() && change.added.empty() ? kOk : kNegative;
}

}  // namespace latchkey::cli
