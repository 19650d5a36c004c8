// SPDX-License-Identifier: Apache-2.0
//
// `latchkeyctl revocations import`: many lines, in transactions of as many as one call holds. What
// the daemon has answered for is durable and in force; where a line is refused, all lines of the
// calls before it stay so, and the message says how far that is.
#include <sys/stat.h>

#include <fstream>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/progress.h"
#include "cli/latchkeyctl/revocation_line.h"
#include "cli/latchkeyctl/revoke_commands.h"

namespace latchkey::cli {
namespace {

namespace control = ipc::control;

constexpr std::size_t kCallBytes = 60'000;  // of 65,536
constexpr std::size_t kOverhead = 160;      // of an entry's members, at most
constexpr std::string_view kPlace = "revocations[";

std::optional<std::uint64_t> size_of(const std::string& file) {
  struct stat status {};
  const int failed =
      file == kStandardInput ? ::fstat(STDIN_FILENO, &status) : ::stat(file.c_str(), &status);
  if (failed != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

control::RevokeRequest request_of(RevocationLine line) {
  control::RevokeRequest request;
  request.kind = revocation::entry_kind_name(line.kind);
  if (!line.issuer.empty()) request.issuer = std::move(line.issuer);
  request.value = std::move(line.value);
  request.before = line.before;
  request.end = line.end;
  if (!line.reason.empty()) request.comment = std::move(line.reason);
  return request;
}

// As JSON writes it where every byte has to be escaped.
std::size_t most_bytes(const control::RevokeRequest& request) {
  const auto escaped = [](const std::string& text) {
    std::size_t size = 0;
    for (const char byte : text) {
      const bool plain = byte >= ' ' && byte < '\x7f' && byte != '"' && byte != '\\';
      size += plain ? 1 : 6;
    }
    return size;
  };
  return kOverhead + escaped(request.value) + escaped(request.issuer.value_or("")) +
         escaped(request.comment.value_or(""));
}

class Import {
 public:
  Import(const Session& session, std::istream& in, std::optional<std::uint64_t> bytes)
      : session_(session), in_(in), progress_(bytes) {}

  int run() {
    auto client = ipc::varlink::VarlinkClient::connect(session_.socket);
    if (!client) return report(session_, client.error());
    client_.emplace(*std::move(client));
    RevocationLineReader reader;
    std::string line;
    for (number_ = 1; std::getline(in_, line); ++number_) {
      bytes_ += line.size() + 1;
      if (is_blank(line)) continue;
      auto read = reader.read(line);
      if (!read) {
        // What stands before it is good.
        if (const int status = send(); status != kOk) return status;
        return refused(number_, read.error());
      }
      if (const int status = take(request_of(*std::move(read))); status != kOk) return status;
    }
    if (in_.bad()) return refused(number_, "could not be read");
    if (const int status = send(); status != kOk) return status;
    progress_.reset();
    return print(session_.json ? fmt::format("{{\"imported\":{}}}\n", done_)
                               : fmt::format("{} revocations imported; in force\n", done_));
  }

 private:
  int take(control::RevokeRequest request) {
    const std::size_t size = most_bytes(request);
    const bool full =
        call_bytes_ + size > kCallBytes || call_.revocations.size() == control::kPageMost;
    if (full && !call_.revocations.empty()) {
      if (const int status = send(); status != kOk) return status;
    }
    call_bytes_ += size;
    call_.revocations.push_back(std::move(request));
    lines_.push_back(number_);
    return kOk;
  }

  int send() {
    if (call_.revocations.empty()) return kOk;
    const auto answer = control::call<control::RevokeMany>(*client_, call_, session_.timeout);
    if (!answer) return failed(answer.error());
    done_ += call_.revocations.size();
    call_.revocations.clear();
    lines_.clear();
    call_bytes_ = 0;
    progress_->at(done_, bytes_);
    return kOk;
  }

  // Which line it was, where the daemon says which of the call.
  int failed(const control::CallError& error) {
    const std::string& said = error.error.text;
    if (error.kind == control::CallError::Kind::method && said.starts_with(kPlace)) {
      std::size_t index = 0;
      std::string rest = said.substr(kPlace.size());
      while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
        index = index * 10 + static_cast<std::size_t>(rest.front() - '0');
        rest.erase(0, 1);
      }
      const bool member = rest.starts_with("].");
      rest.erase(0, rest.find_first_not_of("].: "));
      if (index < lines_.size())
        return refused(lines_[index],
                       member ? "'" + rest + "' is not as the daemon takes it" : rest);
    }
    progress_.reset();
    const int status = report(session_, error, "entry");
    tell_done();
    return status;
  }

  int refused(std::uint64_t line, const std::string& why) {
    progress_.reset();
    const std::string text = fmt::format("line {}: {}", line, why);
    if (session_.json) {
      const nlohmann::ordered_json json{
          {"error", "refused"}, {"message", text}, {"imported", done_}};
      const int printed =
          print(json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n");
      return printed == kOk ? kNegative : printed;
    }
    std::fprintf(stderr, "latchkeyctl: %s\n", clean(text).c_str());
    tell_done();
    return kNegative;
  }

  void tell_done() const {
    if (!session_.json)
      std::fprintf(stderr, "latchkeyctl: %llu revocations before that are in force\n",
                   static_cast<unsigned long long>(done_));
  }

  const Session& session_;
  std::istream& in_;
  std::optional<Progress> progress_;
  std::optional<ipc::varlink::VarlinkClient> client_;
  control::RevokeManyRequest call_;
  std::vector<std::uint64_t> lines_;  // of the call
  std::size_t call_bytes_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace

int import_revocations(const Session& session, const std::string& file) {
  const auto size = size_of(file);
  if (file == kStandardInput) {
    std::ios::sync_with_stdio(false);
    return Import(session, std::cin, size).run();
  }
  if (const auto missing = missing_file("FILE", file)) {
    std::fprintf(stderr, "latchkeyctl: %s\n", missing->c_str());
    return kNegative;
  }
  std::ifstream in(file);
  return Import(session, in, size).run();
}

}  // namespace latchkey::cli
