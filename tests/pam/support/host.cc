// SPDX-License-Identifier: Apache-2.0
#include "tests/pam/support/host.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace latchkey::tests {
namespace {

constexpr std::size_t kOptionsMost = 64;

}  // namespace

// NOLINTBEGIN(cppcoreguidelines-no-malloc): PAM hands answers over in memory of malloc.
pam_response* empty_response() {
  return static_cast<pam_response*>(calloc(1, sizeof(pam_response)));
}

pam_response* response_of(std::string_view text) {
  pam_response* response = empty_response();
  response->resp = static_cast<char*>(malloc(text.size() + 1));
  memcpy(response->resp, text.data(), text.size());
  response->resp[text.size()] = '\0';
  return response;
}
// NOLINTEND(cppcoreguidelines-no-malloc)

Converse types(std::string text) {
  return [text = std::move(text)](const Shown& shown, pam_response** response) {
    const bool prompt = shown.style == PAM_PROMPT_ECHO_OFF || shown.style == PAM_PROMPT_ECHO_ON;
    *response = prompt ? response_of(text) : empty_response();
    return PAM_SUCCESS;
  };
}

Host::Host(const Sandbox& sandbox, const char* service, const char* user, Converse converse)
    : converse_(std::move(converse)) {
  const pam_conv conversation{.conv = &Host::converse, .appdata_ptr = this};
  const int code =
      pam_start_confdir(service, user, &conversation, sandbox.stacks().c_str(), &handle_);
  if (code != PAM_SUCCESS) {
    fprintf(stderr, "pam_start_confdir: %d\n", code);
    abort();
  }
}

Host::~Host() { pam_end(handle_, PAM_SUCCESS); }

void Host::set_item(int item, const char* value) { pam_set_item(handle_, item, value); }

std::string Host::variable(const char* name) const {
  const char* value = pam_getenv(handle_, name);
  return value == nullptr ? "" : value;
}

int Host::converse(int count, const pam_message** messages, pam_response** responses, void* data) {
  auto* host = static_cast<Host*>(data);
  if (count != 1) return PAM_CONV_ERR;
  host->shown.push_back({.style = messages[0]->msg_style, .text = messages[0]->msg});
  const Shown shown = host->shown.back();
  return host->converse_(shown, responses);
}

int Host::call(wire::Operation operation, int flags) {
  switch (operation) {
    case wire::Operation::authenticate:
      return pam_authenticate(handle_, flags);
    case wire::Operation::account:
      return pam_acct_mgmt(handle_, flags);
    case wire::Operation::setcred:
      return pam_setcred(handle_, flags);
    case wire::Operation::open_session:
      return pam_open_session(handle_, flags);
    case wire::Operation::close_session:
      return pam_close_session(handle_, flags);
  }
  return -1;
}

Module::Module() : library_(dlopen(module_path().c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) {
    fprintf(stderr, "%s\n", dlerror());
    abort();
  }
}

Module::~Module() { dlclose(library_); }

int Module::call(Host& host, wire::Operation operation, const std::vector<std::string>& options,
                 int flags) const {
  static constexpr const char* kEntries[] = {"pam_sm_authenticate", "pam_sm_acct_mgmt",
                                             "pam_sm_setcred", "pam_sm_open_session",
                                             "pam_sm_close_session"};
  using Entry = int (*)(pam_handle_t*, int, int, const char**);
  const auto index = static_cast<std::size_t>(operation) - 1;
  const auto entry = reinterpret_cast<Entry>(dlsym(library_, kEntries[index]));
  // On the stack: a conversation may jump out of the call, and nothing would free it.
  const char* words[kOptionsMost];
  std::size_t count = 0;
  for (const std::string& option : options) {
    if (count == kOptionsMost) return PAM_BUF_ERR;
    words[count++] = option.c_str();
  }
  return entry(host.handle(), flags, static_cast<int>(count), words);
}

const char* name(wire::Operation operation) {
  static constexpr const char* kNames[] = {"authenticate", "account", "setcred", "open session",
                                           "close session"};
  return kNames[static_cast<std::size_t>(operation) - 1];
}

}  // namespace latchkey::tests
