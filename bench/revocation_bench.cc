// SPDX-License-Identifier: Apache-2.0
//
// Sets of revoked tokens (PERFORMANCE section 8, G9 and G10): memory, look-up with all hashing,
// build, merge, and one more entry, at 1 and 10 million entries with ends. Each size runs in a
// process of its own, so that its memory is its own. Beside each figure stands its goal, where it
// has one, and under it its floor, measured in the same run (revocation_floor.h); nothing here
// passes or fails. Look-ups are of names in no order, so that no cache foresees them. Times are CPU
// times.
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "bench/revocation_floor.h"
#include "core/revocation/revocation_set.h"
#include "daemon/latchkeyd/service/page_memory.h"

namespace latchkey::bench {
namespace {

using revocation::Entry;
using revocation::EntryKind;
using revocation::Source;

constexpr std::string_view kIssuer = "https://id.example.com/realms/corp";
constexpr revocation::HashSecret kSecret = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
constexpr WallTime kNow{std::chrono::milliseconds{1'764'331'200'000}};
constexpr double kMega = 1e6;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <typename Work>
double seconds(Work&& work) {
  const double start = cpu_seconds();
  work();
  return cpu_seconds() - start;
}

double resident_mb() {
  std::size_t all = 0;
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> all >> pages;
  return static_cast<double>(pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) / kMega;
}

// Since the last call of forget_peak(); Linux: VmHWM.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib * 1024 / kMega;
  }
  return 0;
}
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ number >> 31) * 0x9E37'79B9'7F4A'7C15U;
  number = (number ^ number >> 29) * 0xBF58'476D'1CE4'E5B9U;
  return number ^ number >> 32;
}

// 36 characters, as of a UUID.
void write_id(std::uint64_t number, std::string& id) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::uint64_t word = mixed(number);
  id.resize(36);
  for (std::size_t at = 0; at < id.size(); ++at) {
    if (at == 16) word = mixed(word + 1);
    const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
    id[at] = dash ? '-' : kHex[word >> (at % 16 * 4) & 15];
  }
}

// As they stand in a list: the digest is there already.
Entry listed(std::uint64_t number) {
  Entry entry;
  const std::uint64_t words[2] = {mixed(number * 2), mixed(number * 2 + 1)};
  __builtin_memcpy(entry.digest.data(), words, sizeof words);
  entry.end = kNow + std::chrono::hours(1 + number % 24);
  return entry;
}

struct Writer {
  revocation::Names names;
  std::string id;

  Entry entry(std::uint64_t number) {
    write_id(number, id);
    return {.kind = EntryKind::token,
            .digest = names.digest(EntryKind::token, kIssuer, id).value(),
            .end = kNow + std::chrono::hours(1 + number % 24)};
  }
};

// 0, which the processor knows only after it knows `is`.
std::size_t behind(bool is, bool want) {
  std::size_t wait = is ? 1 : 0;
  asm volatile("" : "+r"(wait));
  return wait ^ (want ? 1U : 0U);
}

// Nanoseconds of a look-up.
struct Lookups {
  double beside;  // one may run while another waits for memory, as PERFORMANCE section 6 measured
  double alone;   // each waits for the one before it, as that of a login does
  double table;   // the same of ready hashes
};

// Of names from number `first` on, in no order, out of `count`.
Lookups look_up(const revocation::RevocationSet& set, const Source& source, std::uint64_t first,
                std::uint64_t count, bool want) {
  constexpr std::size_t kTimes = 1'000'000;
  constexpr std::size_t kIdBytes = 36;
  Writer names;
  std::string ids;
  std::vector<std::uint64_t> hashes;
  for (std::size_t i = 0; i < kTimes; ++i) {
    const Entry entry = names.entry(first + i * 7'919'003 % count);
    ids += names.id;
    hashes.push_back(name_hash(kSecret, EntryKind::token, entry.digest));
  }
  claims::Claims claims;
  claims.issuer = kIssuer;
  std::size_t found = 0;
  const auto ask = [&](std::size_t i) {
    // The claims of a login were read just before; only the table is to be cold.
    constexpr std::size_t kAhead = 16;
    __builtin_prefetch(ids.data() + (i + kAhead) % kTimes * kIdBytes);
    claims.token_id = {ids.data() + i * kIdBytes, kIdBytes};
    const bool is = set.find(claims).has_value();
    found += is ? 1U : 0U;
    return is;
  };
  const double beside = seconds([&] {
    for (std::size_t i = 0; i < kTimes; ++i) ask(i);
  });
  std::size_t wait = 0;
  const double alone = seconds([&] {
    for (std::size_t i = 0; i < kTimes; ++i) wait = behind(ask(i + wait), want);
  });
  const double table = seconds([&] {
    for (std::size_t i = 0; i < kTimes; ++i) wait = behind(source.contains(hashes[i + wait]), want);
  });
  if (found != (want ? 2 * kTimes : 0)) {
    std::fprintf(stderr, "bench: %zu of %zu were found\n", found, 2 * kTimes);
    std::exit(2);
  }
  const auto nanoseconds = [](double all) { return all / kTimes * 1e9; };
  return {nanoseconds(beside), nanoseconds(alone), nanoseconds(table)};
}

void row(const char* what, double figure, const char* unit, const char* goal) {
  std::printf("  %-58s %10.2f %-4s %s\n", what, figure, unit, goal);
}

void measure(std::uint64_t count) {
  const bool large = count == 10'000'000;
  const auto goal = [&](const char* text) { return large ? text : ""; };
  std::printf("%llu million\n", static_cast<unsigned long long>(count / 1'000'000));

  const auto memory = std::make_shared<latchkeyd::PageMemory>();
  const double listing = seconds([&] {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < count; ++i) sum += listed(i).digest[0];
    asm volatile("" : : "r"(sum));
  });
  {
    revocation::SourceBuilder builder(kSecret, count, kNow, memory);
    const double built = seconds([&] {
      for (std::uint64_t i = 0; i < count; ++i) builder.add(listed(i));
      const Source source = builder.finish();
    });
    row("build from a list's digests", built - listing, "s", goal("at most 4"));
  }

  Writer names;
  const double before = resident_mb();
  auto source = std::make_shared<const Source>(kSecret, kNow, memory);
  const double built = seconds([&] {
    revocation::SourceBuilder builder(kSecret, count, kNow, memory);
    for (std::uint64_t i = 0; i < count; ++i) builder.add(names.entry(i));
    source = std::make_shared<const Source>(builder.finish());
  });
  row("build from names (SHA-256 of each, and making them)", built, "s", goal("at most 4"));
  row("memory, ends and all", resident_mb() - before, "MB", goal("at most 110"));
  const double set_mb = static_cast<double>(source->bytes()) / kMega;
  row("  as it counts itself", set_mb, "MB", "");

  // As many changes on top as there may be before they are merged.
  std::vector<Entry> some;
  for (std::uint64_t i = 0; i < count / 64 - 1; ++i) some.push_back(names.entry(count + i));
  source = std::make_shared<const Source>(source->with({}, some));
  row("  with the largest change on top", static_cast<double>(source->bytes()) / kMega, "MB",
      goal("at most 110"));
  const std::vector<Entry> one = {names.entry(2 * count)};
  constexpr int kOnes = 20;
  const double added = seconds([&] {
    for (int i = 0; i < kOnes; ++i) const Source next = source->with({}, one);
  });
  row("one more entry, on top of the largest change", added / kOnes * 1e6, "us", "at most 1000");

  const revocation::RevocationSet set(kSecret, std::make_shared<const revocation::Names>(),
                                      {source});
  const Lookups hits = look_up(set, *source, 0, count, true);
  const Lookups misses = look_up(set, *source, 3 * count, count, false);
  row("look-up, hit, with SHA-256 and SipHash", hits.beside, "ns", "at most 350");
  row("  where each waits for the one before", hits.alone, "ns", "");
  row("  of it the table", hits.table, "ns", "");
  row("look-up, miss, with SHA-256 and SipHash", misses.beside, "ns", "at most 250");
  row("  where each waits for the one before", misses.alone, "ns", "");
  row("  of it the table", misses.table, "ns", "");

  forget_peak();
  const double quiet = resident_mb();
  std::shared_ptr<const Source> next;
  const double merged = seconds([&] {
    const Source of = source->merged(kNow);
    next = std::make_shared<const Source>(source->following(of, *source));
  });
  row("merge of the change into a new base", merged, "s", "");
  row("peak while both are there, over one set", (peak_mb() - quiet + set_mb) / set_mb, "x",
      goal("at most 2.1"));
  const double dropped = seconds([&] { source.reset(); });
  (void)dropped;
  const double halved = seconds(
      [&] { next = std::make_shared<const Source>(next->merged(kNow + std::chrono::hours(12))); });
  row("merge 12 hours later, when half have ended", halved, "s", "");
  row("  entries that stay, of all", static_cast<double>(next->size()) / static_cast<double>(count),
      "x", "");
}

void floor_rows(std::uint64_t count) {
  constexpr std::size_t kTimes = 1'000'000;
  constexpr std::size_t kIdBytes = 36;
  std::string id;
  const auto memory = std::make_shared<latchkeyd::PageMemory>();
  const double before = resident_mb();
  BareTable table(count, memory.get());
  const double built = seconds([&] {
    for (std::uint64_t i = 0; i < count; ++i) {
      write_id(i, id);
      table.insert(id);
    }
  });
  row("floor: a bare table of 64-bit hashes, built from names", built, "s", "");
  row("floor:   its memory, without ends, changes and merges", resident_mb() - before, "MB", "");
  BareSha256 sha256;
  const auto look_up = [&](std::uint64_t first, const char* what) {
    std::string ids;
    for (std::size_t i = 0; i < kTimes; ++i) {
      write_id(first + i * 7'919'003 % count, id);
      ids += id;
    }
    const auto name = [&](std::size_t i) {
      constexpr std::size_t kAhead = 16;
      __builtin_prefetch(ids.data() + (i + kAhead) % kTimes * kIdBytes);
      return std::string_view(ids.data() + i * kIdBytes, kIdBytes);
    };
    std::size_t found = 0;
    const double beside = seconds([&] {
      for (std::size_t i = 0; i < kTimes; ++i) found += table.contains(name(i)) ? 1U : 0U;
    });
    asm volatile("" : : "r"(found));
    row(what, beside / kTimes * 1e9, "ns", "");
    if (first != 0) return;
    std::size_t sum = 0;
    std::string text(17, 't');  // kind and issuer stand before the id
    const double digests = seconds([&] {
      for (std::size_t i = 0; i < kTimes; ++i) {
        text.resize(17);
        text += name(i);
        sum += sha256(text);
      }
    });
    asm volatile("" : : "r"(sum));
    row("floor: SHA-256 of a name, by OpenSSL and nothing else", digests / kTimes * 1e9, "ns", "");
  };
  look_up(0, "floor: look-up in the bare table, hit, with SipHash alone");
  look_up(3 * count, "floor: look-up in the bare table, miss, with SipHash alone");
}

// Each in a process of its own.
bool measure_apart(std::uint64_t count, void (*what)(std::uint64_t)) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    what(count);
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace
}  // namespace latchkey::bench

int main() {
  using latchkey::bench::measure_apart;
  bool good = true;
  for (const std::uint64_t count : {1'000'000U, 10'000'000U}) {
    good = good && measure_apart(count, latchkey::bench::measure) &&
           measure_apart(count, latchkey::bench::floor_rows);
  }
  return good ? 0 : 2;
}
