// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/trouble.h"

#include <cerrno>

namespace latchkey::fetchd {
namespace {

// Of a connect: what the other host or the way to it says. Nothing that this host runs out of or
// forbids itself is among them.
bool says_so(long system_error) {
  switch (system_error) {
    case ECONNREFUSED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view trouble(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "name look-up";
    case CURLE_COULDNT_CONNECT:
      return "connection";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "TLS certificate";
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return "TLS pin";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "proxy name look-up";
    case CURLE_SSL_CACERT_BADFILE:
      return "CA file";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_USE_SSL_FAILED:
      return "TLS";
    case CURLE_OPERATION_TIMEDOUT:
      return "timeout";
    default:
      return "transfer";
  }
}

bool sentence_is_curls_own(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_OPERATION_TIMEDOUT:
      return true;
    default:
      return false;
  }
}

bool nobody_is_there(CURLcode code, const Progress& progress) {
  if (progress.connected) return false;
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return says_so(progress.system_error);
    case CURLE_OPERATION_TIMEDOUT:
      return true;
    default:
      return false;
  }
}

}  // namespace latchkey::fetchd
