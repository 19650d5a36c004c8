// SPDX-License-Identifier: Apache-2.0
//
// Root's own note of a session: one file a login, named after its id, in a folder that root alone
// can write to. latchkey-endd ends sessions by these and by nothing that latchkeyd says, so that a
// daemon that was broken into can name logins and never processes (docs/SESSIONS.md). The note
// holds no token and nothing of one.
#pragma once

#include <security/pam_modules.h>

#include <cstdint>
#include <string_view>

namespace latchkey::pam_module {

inline constexpr std::string_view kSessionsDefault = "/run/latchkey-sessions";

enum class RecordFault : std::uint8_t {
  none,
  folder,  // not root's, or others may write to it
  value,   // a name that cannot stand in a note
  system,  // errno says what
};
const char* sentence(RecordFault fault) noexcept;

// 32 lower-case hex digits; not nothing, as which wire takes it too.
bool names_login(std::string_view text) noexcept;

// Notes that this process holds the session of that login (32 hex digits). A folder that is not
// there means that sessions are not ended on this host, and is no fault. A note that is there
// already is not replaced: it would be somebody else's.
RecordFault write_record(pam_handle_t* handle, const char* folder, const char* user,
                         std::string_view login) noexcept;

// Removes the note where it is this process's own: the id comes from PAM's environment, where a
// user may have put another's.
void remove_record(const char* folder, std::string_view login) noexcept;

}  // namespace latchkey::pam_module
