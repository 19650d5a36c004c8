// SPDX-License-Identifier: Apache-2.0
//
// The limits table of the conversation between the PAM module and latchkeyd (docs/PROTOCOL.md).
// Sizes are bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace latchkey::wire {

inline constexpr std::size_t kTokenMost = 65'536;  // an Answer's bytes
inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kBeginMost = 2'048;           // body of Begin
inline constexpr std::size_t kServiceMost = 64;            // PAM_SERVICE
inline constexpr std::size_t kUserMost = 256;              // PAM_USER, PAM_RUSER
inline constexpr std::size_t kRhostMost = 256;             // PAM_RHOST
inline constexpr std::size_t kTtyMost = 128;               // PAM_TTY
inline constexpr std::size_t kSessionMost = 64;            // XDG_SESSION_ID
inline constexpr std::size_t kLoginSize = 32;              // hex digits of a login id
inline constexpr std::size_t kToModuleMost = 8'192;        // whole frame daemon -> module
inline constexpr std::size_t kTextMost = 4'096;            // Ask, Tell, Verdict texts
inline constexpr std::size_t kEnvironmentMost = 8;         // NAME=VALUE strings of a Verdict
inline constexpr std::size_t kEnvironmentBytesMost = 256;  // one of them
inline constexpr std::size_t kGroupsMost = 64;             // extra groups of a Verdict
inline constexpr std::size_t kRequestIdSize = 8;           // hex digits shown to the user
inline constexpr unsigned kPromptsMost =
    160;  // Asks of one conversation: a 64 KiB token in sudo's parts
inline constexpr unsigned kTellsMost = 16;

inline constexpr unsigned kDaemonSilenceMs = 5'000;   // module: daemon while no prompt is open
inline constexpr unsigned kConversationMs = 110'000;  // daemon: a conversation, prompts included
inline constexpr unsigned kFirstFrameMs = 1'000;      // daemon: a peer's Begin

// Parts of a token (docs/PROTOCOL.md "Tokens in parts"): lk1.K.N.DIGEST.DATA
inline constexpr std::size_t kPartMostSudo = 500;  // one part, prefix included
inline constexpr std::size_t kPartMostSsh = 1'000;
inline constexpr std::size_t kPartDigestSize = 16;  // hex digits
inline constexpr std::size_t kPartPrefixMost =
    4 + 4 + 4 + kPartDigestSize + 1;                 // "lk1." "KKK." "NNN." digest "."
inline constexpr std::size_t kSshAnswerCut = 1'023;  // where a stock ssh client cuts an answer

static_assert(kPromptsMost * (kPartMostSudo - kPartPrefixMost) >= kTokenMost,
              "a whole token fits into sudo's prompts");
static_assert(kBeginMost >= 64 + kServiceMost + 2 * kUserMost + kRhostMost + kTtyMost +
                                kSessionMost + kLoginSize);
static_assert(kToModuleMost >= kHeaderSize + 64 + kTextMost +
                                   kEnvironmentMost * (kEnvironmentBytesMost / 4) +
                                   kGroupsMost * 4);

}  // namespace latchkey::wire
