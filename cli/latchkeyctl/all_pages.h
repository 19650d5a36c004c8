// SPDX-License-Identifier: Apache-2.0
//
// What the daemon gives page by page, as one.
#pragma once

#include <utility>

#include "cli/latchkeyctl/session.h"

namespace latchkey::cli {

// Calls a paged method until the daemon has no more; `advance` moves the request behind the
// answer's last entry.
template <typename Method, typename Append>
int all_pages(const Session& session, typename Method::Request request,
              typename Method::Answer& all, Append append) {
  auto client = ipc::varlink::VarlinkClient::connect(session.socket);
  if (!client) return report(session, client.error());
  for (;;) {
    auto page = ipc::control::call<Method>(*client, request, session.timeout);
    if (!page) return report(session, page.error(), "entry");
    const bool more = append(all, request, *std::move(page));
    if (!more) return kOk;
  }
}

}  // namespace latchkey::cli
