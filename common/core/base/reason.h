// SPDX-License-Identifier: Apache-2.0
//
// The reason table: one row for each thing that an administrator would do something different
// about. Code, docs, CLI output and tests are read off this one table (reason.cc); a test proves
// that some case produces each row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace latchkey {

// What the caller of PAM is told in kind; the verdict table of docs/PROTOCOL.md maps it to PAM
// codes.
enum class ReasonClass : std::uint8_t {
  allowed,       // the request is granted
  refused,       // a verdict was reached: no
  user_unknown,  // a verdict was reached: this host has no such user
  unavailable,   // no verdict could be reached; the caller must treat it as a refusal
  not_managed,  // the name is none of ours: account, setcred and session calls are left to the rest
                // of the stack
};

std::string_view name(ReasonClass kind);  // "user_unknown"

// Priority in the journal.
enum class ReasonLevel : std::uint8_t { info, notice, warning, error };

// NOLINTBEGIN(cppcoreguidelines-macro-usage): one list makes the enumerators and counts the rows.
// clang-format off
#define LATCHKEY_REASONS(ROW)      \
  ROW(allowed)                     \
  ROW(not_managed)                 \
  ROW(token_missing)               \
  ROW(token_malformed)             \
  ROW(token_too_long)              \
  ROW(token_cut)                   \
  ROW(token_parts_invalid)         \
  ROW(token_encrypted)             \
  ROW(header_unsupported)          \
  ROW(algorithm_unsupported)       \
  ROW(algorithm_not_allowed)       \
  ROW(issuer_unknown)              \
  ROW(keys_missing)                \
  ROW(keys_stale)                  \
  ROW(key_unknown)                 \
  ROW(key_ambiguous)               \
  ROW(key_unfit)                   \
  ROW(signature_invalid)           \
  ROW(token_for_microsoft_graph)   \
  ROW(claim_missing)               \
  ROW(claim_invalid)               \
  ROW(claim_wrong)                 \
  ROW(token_expired)               \
  ROW(token_not_yet_valid)         \
  ROW(token_too_old)               \
  ROW(token_lives_too_long)        \
  ROW(audience_wrong)              \
  ROW(type_wrong)                  \
  ROW(client_wrong)                \
  ROW(email_unverified)            \
  ROW(token_inactive)              \
  ROW(introspection_unavailable)   \
  ROW(introspection_answer_invalid) \
  ROW(revoked_token)               \
  ROW(revoked_session)             \
  ROW(revoked_key)                 \
  ROW(revoked_subject)             \
  ROW(revoked_user)                \
  ROW(revocation_unknown)          \
  ROW(status_invalid)              \
  ROW(status_unsupported)          \
  ROW(status_list_unknown)         \
  ROW(status_unknown)              \
  ROW(status_revoked)              \
  ROW(status_suspended)            \
  ROW(name_unusable)               \
  ROW(groups_elsewhere)            \
  ROW(user_mismatch)               \
  ROW(user_unknown)                \
  ROW(account_conflict)            \
  ROW(account_locked)              \
  ROW(account_changed)             \
  ROW(system_account)              \
  ROW(subject_conflict)            \
  ROW(access_denied)               \
  ROW(acr_insufficient)            \
  ROW(authentication_too_old)      \
  ROW(live_login_required)         \
  ROW(binding_missing)             \
  ROW(claims_too_old)              \
  ROW(request_invalid)             \
  ROW(conversation_failed)         \
  ROW(conversation_timeout)        \
  ROW(budget_exhausted)            \
  ROW(state_unavailable)           \
  ROW(internal_error)
// clang-format on

// The stable codes; their spelling in logs, texts and `--json` is the enumerator's own.
enum class Reason : std::uint8_t {
#define LATCHKEY_ROW(code) code,
  LATCHKEY_REASONS(LATCHKEY_ROW)
#undef LATCHKEY_ROW
};
// NOLINTEND(cppcoreguidelines-macro-usage)

struct ReasonRow {
  Reason reason;
  std::string_view code;  // stable, snake_case
  ReasonClass kind;
  ReasonLevel level;
  std::string_view administrator;  // one sentence: what happened and what to look at
  std::string_view user;    // one short sentence without policy detail; ends without a full stop
  std::string_view clause;  // the RFC clause behind the check, or "-"
};

// The whole table in order of the enumerators.
std::span<const ReasonRow> reasons();

const ReasonRow& row(Reason reason);

inline std::string_view code(Reason reason) { return row(reason).code; }

// The reason with that code, if there is one.
std::optional<Reason> find_reason(std::string_view code);

}  // namespace latchkey
