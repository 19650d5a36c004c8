// SPDX-License-Identifier: Apache-2.0
//
// What a transfer that came to nothing came to: in words for an administrator, and as the one
// question on which a login may depend (`introspection_down: signature`): was there anybody?
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
  bool connected = false;  // a TCP connection stood, with the server or the proxy
  long system_error = 0;   // errno of the connect that failed
};

// Whether nobody is there: the connection was refused, found no way, or did not stand before the
// time was over. (Of names: lookups.h.) Everything else is no. Whoever has taken a connection is
// there, also where it says nothing: how long it is silent may depend on the token that it is asked
// about, and on what others ask. And what fails on this host (no descriptors, a CA file, a filter
// of its own) says nothing of the other one.
bool nobody_is_there(CURLcode code, const Progress& progress);

}  // namespace latchkey::fetchd
