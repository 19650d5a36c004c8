// SPDX-License-Identifier: Apache-2.0
//
// The whole configuration as a value. Made by `parse()` (config/parse.h) only, immutable
// afterwards.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/accounts_config.h"
#include "core/accounts/mapping_config.h"
#include "core/base/time.h"
#include "core/config/revocation_config.h"
#include "core/config/source.h"
#include "core/issuer/issuer_config.h"
#include "core/policy/access_config.h"

namespace latchkey::config {

struct Key;

struct Issuer {
  issuer::IssuerConfig config;
  accounts::GroupMap groups;
  std::vector<const Key*> from_preset = {};  // whose values `provider` gave; not part of a digest
};

// How long after its 'iat' a token of the issuer can be accepted, leeway aside; nothing: for ever.
std::optional<std::chrono::seconds> token_life(const issuer::IssuerConfig& issuer);

struct BudgetConfig {
  std::chrono::milliseconds verify_cpu_per_second{
      50};  // CPU time of verifications that one source may use per second
  std::chrono::milliseconds verify_cpu_burst{500};
  std::size_t conversations = 1'024;  // open at once, all sources
  std::size_t conversations_per_source = 64;
};

// How a session ends whose token was revoked, or has expired where its rule says so.
struct SessionsConfig {
  enum class Terminate : std::uint8_t { session, user };
  std::chrono::seconds grace{10};  // between the word on the terminal and the end
  Terminate terminate = Terminate::session;
};

struct Config {
  std::vector<Issuer> issuers;             // at least one; unique by name and by `iss`
  std::vector<policy::AccessRule> access;  // in the order of the file
  std::vector<std::string> labels;         // of this host
  accounts::ManagedConfig managed;
  accounts::AccountsConfig accounts;
  std::vector<std::string> shared_accounts;  // that rules grant (`access[].accounts`), sorted
  std::vector<std::string> sudo_services{
      "sudo", "sudo-i"};  // PAM_RUSER is the person, setcred and session carry the target
  std::chrono::seconds max_claims_age{86'400};
  std::size_t remembered_tokens = 10'000;
  std::size_t remembered_decisions = 1'000;
  BudgetConfig budgets;
  RevocationConfig revocation;
  SessionsConfig sessions;
  std::string log_level = "info";  // error | warning | notice | info | debug
  std::string digest;              // lower-case hex SHA-256 over the canonical dump
  std::vector<ConfigError>
      warnings;  // what is allowed and most likely not meant; not part of the digest

  // Whether the name is one of `shared_accounts`. Any bytes.
  bool shares(std::string_view user) const;
  // Whether any access rule looks at the time of the day.
  bool asks_for_time() const;
  // Index of the issuer whose `iss` equals the bytes, or -1. The argument may come from an
  // unverified token.
  std::ptrdiff_t find_issuer(std::string_view iss) const;
  // Index of the issuer with that short name, or -1.
  std::ptrdiff_t find_issuer_by_name(std::string_view name) const;
};

// Until when a revocation of tokens that were issued at `issued` at the latest can refuse
// something: while such a token is accepted, or its claims stand for a user who shows none
// ('max_claims_age'). `in_force`: the moment since which it lets none of them in any more; nothing
// where hosts may learn of it later. No answer where the issuer's section sets no bound, or the
// provider is asked.
std::optional<WallTime> revocation_counts_until(const Config& config, const Issuer& issuer,
                                                WallTime issued, std::optional<WallTime> in_force);

}  // namespace latchkey::config
