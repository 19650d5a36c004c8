// SPDX-License-Identifier: Apache-2.0
//
// The revocation streams that are read, each on a thread of its own: a read there waits until
// something is written, and no fetch waits for that. The server's loop asks and takes answers; it
// shares nothing else with the threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/config/revocation_config.h"
#include "daemon/fetchd/plan.h"
#include "ipc/fd.h"

namespace latchkey::fetchd {

class Streams {
 public:
  struct Answer {
    std::uint64_t client = 0;
    ipc::fetch::Request request;
    Outcome outcome;
  };

  Streams();
  // Ends all reads.
  ~Streams();

  // Asks for what lies behind `request.after`. A stream is read for one asker at a time: who asks
  // while another read waits takes its place, and that one fails.
  void ask(std::uint64_t client, const config::StreamSource& stream,
           const ipc::fetch::Request& request);

  // Readable while take() has something.
  int ready() const { return ready_.get(); }
  std::vector<Answer> take();

 private:
  class Reader;
  void put(Answer answer);

  ipc::Fd ready_;  // eventfd
  std::mutex mutex_;
  std::vector<Answer> answers_;
  // By name. Names come from the configuration only; one that is gone waits for the end.
  std::map<std::string, std::unique_ptr<Reader>> readers_;
};

}  // namespace latchkey::fetchd
