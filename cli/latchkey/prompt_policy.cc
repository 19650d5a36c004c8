// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/prompt_policy.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "wire/parts.h"
#include "wire/secret_buffer.h"

namespace latchkey::cli {
namespace {

PromptAnswer withheld(std::string why) { return {PromptAnswer::Kind::withheld, std::move(why)}; }

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

}  // namespace

bool host_matches(std::string_view pattern, std::string_view host) {
  // The usual two-finger walk: on a mismatch the last '*' takes one byte more. O(pattern × host),
  // no recursion.
  std::size_t p = 0;
  std::size_t h = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (h < host.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = h;
    } else if (p < pattern.size() && (pattern[p] == '?' || lower(pattern[p]) == lower(host[h]))) {
      ++p;
      ++h;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      h = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// Why the token must not go to who wrote this prompt; empty where it may.
std::string PromptPolicy::objection(std::string_view prompt) const {
  if (rules_.bare) return {};
  const auto asked =
      std::find_if(rules_.accounts.begin(), rules_.accounts.end(), [&](const Account& account) {
        return prompt.starts_with("(" + account.user + "@" + account.host + ") ");
      });
  if (asked == rules_.accounts.end()) {
    return "a host that the command line does not name asked for the token; it got none";
  }
  const bool listed =
      rules_.hosts.empty() ||
      std::any_of(rules_.hosts.begin(), rules_.hosts.end(),
                  [&](const std::string& pattern) { return host_matches(pattern, asked->host); });
  if (!listed)
    return asked->host + " is not among the 'hosts' of your configuration; it got no token";
  return {};
}

PromptAnswer PromptPolicy::answer(std::string_view prompt, Asker asker, std::string_view token,
                                  std::string_view digest) {
  const bool notice = prompt.ends_with(wire::kNoticeMarker);
  const auto marker = wire::find_marker(prompt);
  if (!marker && !notice) return {};
  if (asker.nested) return withheld("a host on the way asked for the token; it got none");
  if (std::string why = objection(prompt); !why.empty()) return withheld(std::move(why));
  if (notice) {
    prompt.remove_suffix(wire::kNoticeMarker.size());
    return {PromptAnswer::Kind::notice,
            std::string(prompt.substr(0, prompt.rfind(". Press Enter")))};
  }

  Transfer& transfer = transfers_[asker.pid];
  if (marker->part == 1) {
    if (transfer.count != 0)
      return withheld("the token was already given once; the host asks again, so it was refused");
    if (marker->most > wire::kSshAnswerCut)
      return withheld("the host asks for parts longer than ssh can carry");
    transfer.most = marker->most;
    transfer.count = wire::parts_of(token.size(), marker->most);
    if (transfer.count == 0)
      return withheld("the host asks for parts that the token does not fit into");
  }
  const bool in_order = marker->part == transfer.next && marker->part <= transfer.count &&
                        marker->most == transfer.most &&
                        (marker->parts == 0 || marker->parts == transfer.count);
  if (!in_order) return withheld("the host asks for the parts of the token out of order");
  ++transfer.next;
  if (transfer.count == 1 && token.size() <= marker->most)
    return {PromptAnswer::Kind::part, std::string(token)};

  std::string text(marker->most, '\0');
  const wire::Part part{marker->part, transfer.count, digest.substr(0, wire::kPartDigestSize),
                        wire::slice_of(token, marker->part, marker->most)};
  text.resize(wire::make_part(part, text).size());
  if (text.empty()) return withheld("the part of the token could not be made");
  return {PromptAnswer::Kind::part, std::move(text)};
}

}  // namespace latchkey::cli
