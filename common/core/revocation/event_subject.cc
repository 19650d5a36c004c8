// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/event_subject.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::revocation {
namespace {

using jose::JsonValue;

// What the member of a complex subject that holds the identifier is about.
enum class Role : std::uint8_t { user, session };

class SubjectReader {
 public:
  explicit SubjectReader(std::span<const std::string> issuers) : issuers_(issuers) {}

  ItemResult<EventSubject> read(const JsonValue& identifier) {
    LATCHKEY_TRY(const std::string_view format, format_of(identifier));
    if (format == "complex") {
      LATCHKEY_TRY_VOID(read_complex(identifier));
      return std::move(found_);
    }
    LATCHKEY_TRY_VOID(read_simple(identifier, format, Role::user, true));
    // An id that does not say what of may be that of a session (CAEP 1.0 section 3.1, example 1).
    if (format == "opaque")
      LATCHKEY_TRY_VOID(read_simple(identifier, format, Role::session, false));
    return std::move(found_);
  }

 private:
  // What is no object has none. Drafts called it `subject_type` and wrote "iss-sub" and "jwt-id",
  // and complex subjects had none.
  static ItemResult<std::string_view> format_of(const JsonValue& identifier) {
    const bool plain = identifier.find("format").has_value();
    if (!plain && !identifier.find("subject_type") &&
        (identifier.find("user") || identifier.find("session")))
      return "complex";
    LATCHKEY_TRY(const std::string_view format,
                 item_text(identifier, plain ? "format" : "subject_type"));
    if (format == "iss-sub") return "iss_sub";
    return format == "jwt-id" ? "jwt_id" : format;
  }

  // Members other than these narrow it down (a device, a tenant). Nothing here can be narrowed so:
  // it counts for the whole of the user or session. A provider that federates may name a user as
  // another issuer does, beside a session of its own.
  ItemResult<void> read_complex(const JsonValue& identifier) {
    constexpr std::array<std::pair<std::string_view, Role>, 2> kMembers = {
        {{"session", Role::session}, {"user", Role::user}}};
    std::size_t good = 0;
    for (const auto& [name, role] : kMembers) {
      const auto member = identifier.find(name);
      if (member && heed(read_member(*member, role, true))) ++good;
    }
    found_.combined = !found_.sessions.empty();
    return good > 0 || !found_.passed_over ? ItemResult<void>() : wrong();
  }

  ItemResult<void> read_member(const JsonValue& identifier, Role role, bool aliases) {
    LATCHKEY_TRY(const std::string_view format, format_of(identifier));
    return read_simple(identifier, format, role, aliases);
  }

  // Whether it was good. What was not is passed over where something beside it was.
  bool heed(ItemResult<void> read) {
    if (read) return true;
    if (!found_.passed_over) found_.passed_over = std::move(read).error();
    return false;
  }
  ItemResult<void> wrong() {
    return tl::unexpected(std::exchange(found_.passed_over, {})
                              .value_or(ItemError{ItemFault::form, "nothing of it was good"}));
  }

  ItemResult<void> read_simple(const JsonValue& identifier, std::string_view format, Role role,
                               bool aliases) {
    if (format == "aliases") return read_aliases(identifier, role, aliases);
    const EntryKind kind = role == Role::session ? EntryKind::session : EntryKind::subject;
    if (format == "iss_sub") return read_of_issuer(identifier, kind, "sub", role);
    if (format == "jwt_id") return read_of_issuer(identifier, EntryKind::token, "jti", role);
    if (format == "opaque") {
      LATCHKEY_TRY(const std::string_view id, item_text(identifier, "id"));
      add(role, {issuers_.front(), kind, id, {}});
      return {};
    }
    return read_other(identifier, format, role);
  }

  ItemResult<void> read_of_issuer(const JsonValue& identifier, EntryKind kind,
                                  std::string_view name, Role role) {
    LATCHKEY_TRY(const std::string_view issuer, item_text(identifier, "iss"));
    LATCHKEY_TRY(const std::string_view id, item_text(identifier, name));
    const auto ours = std::find(issuers_.begin(), issuers_.end(), issuer);
    if (LATCHKEY_FAILS(subject_foreign, ours == issuers_.end()))
      return refuse(ItemFault::subject, "it speaks of a subject of " + quoted(issuer));
    add(role, {issuer, kind, id, {}});
    return {};
  }

  // RFC 9493 section 3.2.8: all of them name one subject, and none is a list itself.
  ItemResult<void> read_aliases(const JsonValue& identifier, Role role, bool allowed) {
    if (LATCHKEY_FAILS(subject_aliases_nested, !allowed))
      return refuse(ItemFault::claim, "'aliases' within 'aliases'");
    const auto list = identifier.find("identifiers");
    if (LATCHKEY_FAILS(subject_aliases_form, !list || !list->is_array() || list->size() == 0))
      return refuse(ItemFault::claim, "'identifiers' is absent, empty or no array");
    const JsonValue identifiers = LATCHKEY_CHECKED(list, identifier);
    if (LATCHKEY_FAILS(subject_aliases_many, identifiers.size() > event_limits::kAliases))
      return refuse(ItemFault::bounds, "a subject has more than 16 aliases");
    // A person may have a name elsewhere as well. Nothing is said about that issuer's subjects.
    bool any = false;
    for (const JsonValue each : identifiers.elements())
      any = heed(read_member(each, role, false)) || any;
    return LATCHKEY_FAILS(subject_all_foreign, !any) ? wrong() : ItemResult<void>();
  }

  // RFC 9493 sections 3.2.1 to 3.2.7. A format that nobody knows here has no value.
  ItemResult<void> read_other(const JsonValue& identifier, std::string_view format, Role role) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kValues = {
        {{"email", "email"},
         {"account", "uri"},
         {"phone_number", "phone_number"},
         {"did", "url"},
         {"uri", "uri"}}};
    std::string_view value;
    for (const auto& [name, member] : kValues) {
      if (name != format) continue;
      LATCHKEY_TRY(value, item_text(identifier, member));
    }
    add(role, {issuers_.front(), EntryKind::subject, value, format});
    return {};
  }

  void add(Role role, EventName name) {
    (role == Role::session ? found_.sessions : found_.users).push_back(name);
  }

  std::span<const std::string> issuers_;
  EventSubject found_;
};

}  // namespace

ItemResult<EventSubject> read_event_subject(const JsonValue& identifier,
                                            std::span<const std::string> issuers) {
  return SubjectReader(issuers).read(identifier);
}

}  // namespace latchkey::revocation
