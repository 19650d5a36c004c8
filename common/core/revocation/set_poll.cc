// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/set_poll.h"

#include <nlohmann/json.hpp>

#include "core/base/limits.h"
#include "core/base/mutation.h"

namespace latchkey::revocation {

// Section 2.3.
ItemResult<PollAnswer> read_poll_answer(std::string_view body, jose::JsonReader& reader) {
  const auto json = reader.read(body);
  if (!json) return refuse(ItemFault::form, std::string(jose::describe(json.error())));
  const auto sets = json->find("sets");
  if (LATCHKEY_FAILS(poll_sets, !sets || !sets->is_object()))
    return refuse(ItemFault::form, "'sets' is absent or no object");
  const jose::JsonValue all = LATCHKEY_CHECKED(sets, *json);
  if (LATCHKEY_FAILS(poll_too_many, all.size() > poll_limits::kSets))
    return refuse(ItemFault::bounds, "there are more than 256 tokens in the answer");
  PollAnswer answer;
  if (const auto more = json->find("moreAvailable")) {
    const auto value = more->as_boolean();
    if (LATCHKEY_FAILS(poll_more, !value))
      return refuse(ItemFault::form, "'moreAvailable' is no boolean");
    answer.more_available = LATCHKEY_CHECKED(value, true);
  }
  answer.sets.reserve(all.size());
  for (const jose::JsonMember member : all.members()) {
    const std::size_t size = member.name.size();
    if (LATCHKEY_FAILS(poll_id, size == 0 || size > limits::kClaimStringBytes)) {
      ++answer.nameless;
      continue;
    }
    answer.sets.push_back({member.name, member.value.as_string().value_or("")});
  }
  return answer;
}

std::string write_poll_request(const PollRequest& request) {
  nlohmann::json body = nlohmann::json::object();
  if (request.sets_most) body["maxEvents"] = *request.sets_most;
  body["returnImmediately"] = request.return_immediately;
  if (!request.acknowledged.empty()) {
    auto& ids = body["ack"] = nlohmann::json::array();
    for (const std::string& id : request.acknowledged) ids.push_back(id);
  }
  if (!request.refused.empty()) {
    auto& errors = body["setErrs"] = nlohmann::json::object();
    for (const RefusedSet& set : request.refused)
      errors[set.id] = {{"err", set.code}, {"description", set.description}};
  }
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace latchkey::revocation
