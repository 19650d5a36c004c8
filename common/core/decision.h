// SPDX-License-Identifier: Apache-2.0
//
// What a decision is: the verdict, why, and each check with its outcome. Values only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/ledger.h"
#include "core/accounts/mapping.h"
#include "core/base/reason.h"
#include "core/base/time.h"
#include "core/claims/validated_claims.h"

namespace latchkey {

// The checks in the order of the straight way (DESIGN section 4); `explain` prints them in this
// order.
// NOLINTBEGIN(cppcoreguidelines-macro-usage,bugprone-macro-parentheses): one list makes enumerators,
// names and their number.
// clang-format off
#define LATCHKEY_CHECKS(ROW)                                                  \
  ROW(form,        "the token is a compact JWS")                              \
  ROW(header,      "the header asks for nothing unsupported")                 \
  ROW(issuer,      "the issuer is configured")                                \
  ROW(algorithm,   "the algorithm is allowed")                                \
  ROW(keys,        "the issuer's keys are at hand and fresh")                 \
  ROW(key,         "the key is in the issuer's set and fits the algorithm")   \
  ROW(signature,   "the signature verifies")                                  \
  ROW(type,        "the kind of token is accepted")                           \
  ROW(audience,    "the token is meant for this host")                        \
  ROW(lifetime,    "the token is valid now")                                  \
  ROW(claims,      "required claims are there")                               \
  ROW(introspection, "the issuer says that the token is active")              \
  ROW(revocation,  "neither token, subject nor user is revoked")              \
  ROW(status,      "the token's status list says that it is valid")           \
  ROW(managed,     "the name is managed")                                     \
  ROW(login,       "the login id belongs to this user and service")           \
  ROW(claims_age,  "the last token sign-in is recent enough")                 \
  ROW(name,        "the token names this local user, or a rule grants it")                         \
  ROW(account,     "the local account exists and is no system account")       \
  ROW(binding,     "the name is bound to this subject or to none")            \
  ROW(access,      "an access rule allows it")
// clang-format on

enum class Check : std::uint8_t {
#define LATCHKEY_ROW(name, text) name,
  LATCHKEY_CHECKS(LATCHKEY_ROW)
#undef LATCHKEY_ROW
};
#define LATCHKEY_ROW(name, text) +1
inline constexpr std::size_t kChecks = 0 LATCHKEY_CHECKS(LATCHKEY_ROW);
#undef LATCHKEY_ROW
// NOLINTEND(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)

std::string_view name(Check check);         // "signature"
std::string_view description(Check check);  // "the signature verifies"

enum class Outcome : std::uint8_t { not_reached, passed, failed };

std::string_view name(Outcome outcome);  // "not_reached"

// One outcome a check; cheap enough to be kept for every decision.
class Trace {
 public:
  void pass(Check check) { outcomes_[static_cast<std::size_t>(check)] = Outcome::passed; }
  void fail(Check check) { outcomes_[static_cast<std::size_t>(check)] = Outcome::failed; }
  Outcome operator[](Check check) const { return outcomes_[static_cast<std::size_t>(check)]; }

 private:
  std::array<Outcome, kChecks> outcomes_{};
};

using accounts::LocalIdentity;

// First use of a name by a subject: the service stores it durably before the verdict is sent.
struct NewBinding {
  std::string user;
  std::string issuer;
  std::string subject;
};

// A status list that the decision lacks, or of which it needs a newer one.
struct StatusNeed {
  std::string issuer;  // short name
  std::string uri;
  std::uint64_t seen = 0;  // generation of the one at hand; 0: none
};

struct Decision {
  Reason reason = Reason::internal_error;
  std::string detail;  // for the administrator; never a token's part
  Trace trace;
  std::string rule;                       // the access rule that matched, or that came nearest
  std::string rule_place;                 // its file:line
  std::optional<LocalIdentity> identity;  // where allowed
  std::optional<NewBinding> binding;      // where allowed and the name was not bound yet
  std::optional<accounts::NamesChange> names_change;  // where allowed: what the names file lacks
  std::optional<StatusNeed> status_list;              // with it the answer could be another one
  WallTime valid_until{};                             // where allowed: end of the token
  // What is known of the person once the token was verified; for the decision log. Empty before.
  std::string issuer;
  std::string subject;
  std::string key_id;

  bool allowed() const { return reason == Reason::allowed; }
};

}  // namespace latchkey
