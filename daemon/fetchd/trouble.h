// SPDX-License-Identifier: Apache-2.0
//
// What a transfer that came to nothing came to: in words for an administrator, and as the one
// question on which a login may depend (`introspection_down: signature`): was there anybody who
// answered?
#pragma once

#include <string_view>

#include <curl/curl.h>

namespace latchkey::fetchd {

// How a cause begins: what kind of trouble it is, in the words that an administrator would search
// for.
std::string_view trouble(CURLcode code);

// curl's own sentence goes along only for troubles of which it never quotes what the server sent.
bool sentence_is_curls_own(CURLcode code);

// How far a transfer came before it failed.
struct Progress {
  long http_status = 0;   // the server's, interim ones included; 0: none
  long proxy_status = 0;  // the proxy's answer to CONNECT; 0: none
  long system_error = 0;  // errno of the connect that failed
  bool began = false;     // at least one byte of an answer has come
};

// Whether nobody answered: the name is not known or not told, the connection was refused or found
// no way, or the time was over before a byte of an answer came. Everything else is no: whatever
// answers, with TLS, a status or a word that is not what it should be, is there, and what fails on
// this host (no descriptors, a CA file, a filter of its own) says nothing of the other one.
bool nobody_answered(CURLcode code, const Progress& progress);

}  // namespace latchkey::fetchd
