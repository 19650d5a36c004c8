// SPDX-License-Identifier: Apache-2.0
//
// Keeps the key sets of all issuers: starts from those on disk, fetches ahead of the end of their
// lifetime, and fetches because of an unknown key, one fetch for everybody who waits and at most
// one in `min_fetch_interval`. A fetched set replaces the one before it whole: a key that is gone
// from it stops at once. A set without a usable key is no good set; whatever goes wrong leaves the
// last good one at work. An issuer with a symmetric key of its own has that file in a set's place.
// Waits and rates go by the steady clock, so that a wall clock that jumps makes no storm; how old a
// set is goes by the wall clock, which alone knows of restarts, and the decisions judge that; but a
// set is never younger than the steady clock says, so setting the wall clock back prolongs no key.
//
// Belongs to the control thread. Its owner calls `tick()` when `next_tick()` has come.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/config/config.h"
#include "core/issuer/freshness.h"
#include "core/snapshot.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/fetcher.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/key_storage.h"
#include "daemon/latchkeyd/service/needs.h"
#include "files/plain_file.h"

namespace latchkey::latchkeyd {

// Whose keys they are and where they may come from: `iss`, origins, file. While a section agrees in
// it, its keys are kept.
std::string key_source(const issuer::IssuerConfig& config);

// Where they are asked for, and under which authority. Where a section changes in it, its keys are
// asked for there at once; until that succeeds they serve like others that cannot be fetched, but
// not where whoever answers does not show the certificate or the pin.
std::string key_place(const issuer::IssuerConfig& config);

// What keeps the key files that a configuration names from serving, each with its file.
std::vector<config::ConfigError> key_file_errors(const config::Config& config);

// What status tells of one issuer's keys.
struct KeyState {
  enum class Origin : std::uint8_t { none, fetched, cache, file, configuration };
  Origin origin = Origin::none;
  std::string issuer;  // short name
  IssuerKeys keys;
  std::shared_ptr<const std::string> document;  // the set at hand as it came; null with no keys
  std::optional<std::chrono::seconds> max_age;  // of the set at hand, as the provider said
  std::optional<WallTime> attempted_at;
  std::optional<std::string> last_error;  // of the last attempt
  SteadyTime next_fetch{};
  std::optional<SteadyTime> bad_since;   // the key file on this host
  std::vector<jose::DroppedKey> barred;  // of the set at hand
};

// What is told of it: keys whose file is gone or bad are stale, as those of a provider that is
// away.
issuer::Freshness freshness(const issuer::IssuerConfig& config, const KeyState& state,
                            WallTime now);

std::string_view name(KeyState::Origin origin);  // "fetched", …

// What an administrator's wish for fresh keys came to.
struct Refreshed {
  enum class Outcome : std::uint8_t { changed, unchanged, too_soon, failed };
  Outcome outcome = Outcome::failed;
  std::string error;      // failed
  SteadyTime again_at{};  // too_soon: when the provider may be asked again
};

std::string_view name(Refreshed::Outcome outcome);  // "too_soon", …

class KeyKeeper {
 public:
  struct Hooks {
    // Makes these the workers' keys; `done` runs after every worker took them.
    std::function<void(std::vector<IssuerKeys> keys, std::function<void()> done)> publish;
    // fetchd reads another configuration than we do: time to read ours again. May call `configure`
    // before it returns.
    std::function<void()> reload;
    std::function<void()> rescheduled = {};  // next_tick() may have come nearer
    std::function<std::uint32_t()> random;
  };

  // All outlive it.
  KeyKeeper(const Clock& clock, Journal& journal, Fetcher& fetcher, KeyStorage& storage,
            Hooks hooks);
  ~KeyKeeper();

  // Takes on the issuers of a configuration and gives their keys, in its order: those at hand, from
  // files, or from disk. Issuers whose key_source() stays keep their keys and whatever is under
  // way. Publishes nothing.
  std::vector<IssuerKeys> configure(std::shared_ptr<const config::Config> config);

  // Keys by their thumbprint that verify no token, in whosever set they stand: they have another
  // office (signing lists), and any provider can put the public half of a key into its set. Whether
  // keys are others by that; publishes nothing.
  bool bar(std::vector<std::string> thumbprints);

  // Those at hand, in the order of the configuration.
  std::vector<IssuerKeys> keys() const;

  // Fetches what is due, and sees to it that no set has become younger. To be called twice a minute
  // at least.
  void tick();
  SteadyTime next_tick() const;

  // Something happened in a folder with key files: reads those that are others than before.
  void look_at_files();

  // As Needs::request_keys; `done` runs on this thread, after the workers have what it says.
  void request(std::string_view issuer, std::uint64_t seen_generation,
               std::function<void(KeysOutcome)> done);

  // Asks now, whatever is due when: a failure's back-off is not waited for, `min_fetch_interval`
  // and what the provider asked for (Retry-After) are. Keys of this host are looked at. `done` runs
  // like that of `request`.
  void refresh(std::string_view issuer, std::function<void(Refreshed)> done);
  // Reads the key files whether they changed or not; publishes, and says so, where keys are others.
  bool read_files_again();

  // In the order of the configuration.
  std::vector<KeyState> states() const;
  // The document of a state that has one, without the keys that are barred.
  std::string served_document(const KeyState& state) const;

 private:
  struct Issuer;

  Issuer* find(std::string_view name);
  std::shared_ptr<Issuer> shared(const Issuer& issuer) const;
  void start(Issuer& issuer);
  void adopt(Issuer& issuer, const issuer::IssuerConfig& config);
  SteadyTime allowed_at(const Issuer& issuer) const;
  static SteadyTime soonest(const Issuer& issuer);  // by our own interval
  void dated(Issuer& issuer, WallTime fetched_at);
  bool never_younger(Issuer& issuer);
  void fetch(Issuer& issuer);
  void fetched(Issuer& issuer, const FetchResult& result);
  void settle(Issuer& issuer, const FetchResult& result);
  void read_file(Issuer& issuer);
  void read_inline(Issuer& issuer);
  void read_and_publish(Issuer& issuer);
  tl::expected<void, FileTrouble> read_set(Issuer& issuer);
  tl::expected<void, FileTrouble> read_symmetric(Issuer& issuer);
  void give_up_late(Issuer& issuer);
  void withdraw(Issuer& issuer, std::string_view message);
  void untrusted(Issuer& issuer, std::string why);
  void take(Issuer& issuer, std::shared_ptr<const jose::JwkSet> set, std::string_view document,
            KeyState::Origin origin);
  void taken(Issuer& issuer, std::optional<std::chrono::seconds> max_age);
  void failed(Issuer& issuer, std::string why, std::optional<std::chrono::seconds> retry_after);
  void unreachable(Issuer& issuer, std::string why);
  void complain(const Issuer& issuer, std::string_view why, std::chrono::milliseconds delay);
  using SetPtr = std::shared_ptr<const jose::JwkSet>;
  SetPtr without_barred(Issuer& issuer, SetPtr set, const std::string& document);
  void publish(Issuer& issuer);

  const Clock& clock_;
  Journal& journal_;
  Fetcher& fetcher_;
  KeyStorage& storage_;
  Hooks hooks_;
  std::shared_ptr<const config::Config> config_;
  std::vector<std::shared_ptr<Issuer>> issuers_;
  std::vector<std::string> barred_;    // sorted
  std::uint64_t last_generation_ = 0;  // of all issuers, so that no two sets ever share a number
};

}  // namespace latchkey::latchkeyd
