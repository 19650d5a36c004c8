// SPDX-License-Identifier: Apache-2.0
//
// How often one issuer's provider is asked, whoever asks for it. latchkeyd keeps its own intervals;
// this is for one that was taken over or has run wild: it may burst, as a start after a start does,
// and then gets one fetch in each `min_fetch_interval`; questions about tokens come by
// `introspection_rate` and take nothing of that. Pure arithmetic; the clock is handed in.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "core/config/revocation_config.h"
#include "core/issuer/issuer_config.h"

namespace latchkey::fetchd {

class RateBound {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr int kBurst = 60;  // fetches that an issuer can save up
  // Seconds of questions that it can save up: latchkeyd asks those of two at once, and as many
  // again after a start.
  static constexpr int kQuestionSeconds = 4;

  // A reader asks for a manifest every 10 seconds at most; its chunks are 256 at most, and it may
  // have to begin anew a few times.
  static constexpr std::chrono::seconds kManifestInterval{10};
  static constexpr int kChunkBurst = 1'024;
  static constexpr std::chrono::seconds kChunkInterval{1};
  // Of a section there may be many lists, each asked for when a token first refers to it.
  static constexpr int kStatusListBurst = 64;
  static constexpr std::chrono::milliseconds kStatusListInterval{200};
  // A backlog is asked for without a pause; whoever spins is slowed down.
  static constexpr std::chrono::milliseconds kPollInterval{200};
  static constexpr int kPollBurst = 2'000;

  // Takes one fetch of the issuer; where none is left, how long until there is one.
  std::optional<std::chrono::milliseconds> take(const issuer::IssuerConfig& issuer, TimePoint now);
  // The same for a manifest of a list, and for a chunk.
  std::optional<std::chrono::milliseconds> take_manifest(const config::ListSource& list,
                                                         TimePoint now);
  std::optional<std::chrono::milliseconds> take_chunk(const config::ListSource& list,
                                                      TimePoint now);
  // The same for a status list.
  std::optional<std::chrono::milliseconds> take_status_list(const config::StatusListSource& lists,
                                                            TimePoint now);
  // The same for a poll for security events.
  std::optional<std::chrono::milliseconds> take_poll(const config::EventSource& events,
                                                     TimePoint now);
  // The same for a question about a token.
  std::optional<std::chrono::milliseconds> take_question(const issuer::IssuerConfig& issuer,
                                                         TimePoint now);

 private:
  struct Bucket {
    TimePoint full_at{};  // when all of the burst is saved up again
  };

  std::optional<std::chrono::milliseconds> take(const std::string& name,
                                                TimePoint::duration interval,
                                                TimePoint::duration burst, TimePoint now);

  // By short name, issuer or list, and what for. Names come from the configuration only, so there
  // are not many; one that is gone stays for the life of the process.
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace latchkey::fetchd
