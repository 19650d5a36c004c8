// SPDX-License-Identifier: Apache-2.0
//
// The application that a module is loaded into: a PAM handle on a stack of the sandbox, a
// conversation function that does as the test tells it, and a way to call the module's entry points
// without libpam in between, since a stack shows other codes than the module gave.
#pragma once

#include <security/pam_appl.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/pam/support/sandbox.h"
#include "wire/protocol.h"

namespace latchkey::tests {

struct Shown {
  int style = 0;
  std::string text;
};

// What the conversation function does with one message: fills the response (from malloc) and gives
// the code.
using Converse = std::function<int(const Shown&, pam_response**)>;

// Answers every prompt with the text, and texts with nothing.
Converse types(std::string text);
// Responses as an application makes them.
pam_response* empty_response();
pam_response* response_of(std::string_view text);

class Host {
 public:
  Host(const Sandbox& sandbox, const char* service, const char* user,
       Converse converse = types(""));
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  pam_handle_t* handle() const { return handle_; }
  std::vector<Shown> shown;  // what the conversation function was given
  void set_item(int item, const char* value);
  std::string variable(
      const char* name) const;  // of the PAM environment; empty where there is none

  // Through libpam and the service's stack.
  int call(wire::Operation operation, int flags = 0);

 private:
  static int converse(int count, const pam_message** messages, pam_response** responses,
                      void* data);

  pam_handle_t* handle_ = nullptr;
  Converse converse_;
};

// The module as dlopen gives it; one a process.
class Module {
 public:
  Module();
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // The entry point itself, with those options.
  int call(Host& host, wire::Operation operation, const std::vector<std::string>& options,
           int flags = 0) const;

 private:
  void* library_;
};

inline constexpr wire::Operation kOperations[] = {
    wire::Operation::authenticate, wire::Operation::account, wire::Operation::setcred,
    wire::Operation::open_session, wire::Operation::close_session};
const char* name(wire::Operation operation);

// What was given to syslog since the last call of this. Nothing reaches the machine's log.
std::vector<std::string> take_log();
// The next calls of recvmsg wait for a message, leave it, and tell the end of the connection, and
// those after them that it was reset.
void tell_an_early_end(int times, int resets = 0);
int early_ends_untold();
// True if each byte of the range was handed to explicit_bzero since the last call of
// forget_wiped().
bool was_wiped(const void* start, std::size_t size);
void forget_wiped();

}  // namespace latchkey::tests
