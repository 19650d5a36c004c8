// SPDX-License-Identifier: Apache-2.0
#include "daemon/namesd/answer.h"

#include <utility>

#include "ipc/userdb.h"
#include "ipc/varlink.h"

namespace latchkey::namesd {

namespace varlink = ipc::varlink;

Answer Answer::encoded(std::string text) {
  Answer answer;
  answer.ready_ = std::move(text);
  return answer;
}

Answer Answer::reply(std::string parameters) {
  return encoded(varlink::encode(varlink::Reply{std::move(parameters), {}, false}));
}

Answer Answer::error(std::string_view name, std::string parameters) {
  return encoded(varlink::encode(varlink::Reply{std::move(parameters), std::string(name), false}));
}

Answer Answer::row(Row row) {
  Answer answer;
  answer.next_ = row();
  if (!answer.next_) return error(ipc::userdb::kNoRecordFound);
  answer.row_ = std::move(row);
  return answer;
}

void Answer::write(std::string& out, std::size_t enough) {
  out += std::exchange(ready_, {});
  while (next_ && out.size() < enough) {
    auto following = row_();
    out += varlink::encode(varlink::Reply{*std::move(next_), {}, following.has_value()});
    next_ = std::move(following);
  }
  if (!next_) row_ = nullptr;
}

}  // namespace latchkey::namesd
