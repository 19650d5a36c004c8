// SPDX-License-Identifier: Apache-2.0
//
// One https GET, or POST of a form, as a curl handle, with every freedom of curl's that a key fetch
// does not need taken away: https only, no redirect, no proxy but the configuration's, no
// credentials of curl's own finding, no cookies, no decompression, TLS 1.2 or better with the peer
// and its name verified, and everything bounded: time, header, body, and the speed, unless being
// given up for it would look like nobody there (HttpRequest::any_speed). There is no switch for any
// of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <tl/expected.hpp>

#include "daemon/fetchd/header_lines.h"
#include "daemon/fetchd/http.h"
#include "ipc/fd.h"

namespace latchkey::fetchd {

// To whom a connection goes: the server or the proxy before it.
struct Peer {
  std::string host;  // empty: it is an address already, or none that curl can read
  std::string port;
};

Peer peer_of(const HttpRequest& request);

class Transfer {
 public:
  // Ready to be added to a multi handle. `addresses` are the peer's where it has a name; `timeout`
  // is for all of it, handshake included.
  Transfer(HttpRequest request, const Peer& peer, const std::vector<std::string>& addresses,
           std::chrono::milliseconds timeout);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return easy_.get(); }

  // What came of it, once the multi handle said `code`. To be called once.
  tl::expected<HttpResponse, HttpFailure> finish(CURLcode code);

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const;
  };

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);

  void set_fences();
  void set_addresses(const Peer& peer, const std::vector<std::string>& addresses);
  void set_proxy();
  void set_tls();
  void set_bounds(std::chrono::milliseconds timeout);
  void set_request();
  void set_form();
  void add_field(const std::string& field);
  void add_authorization();
  bool connected() const;
  HttpFailure failure(CURLcode code) const;
  tl::expected<HttpResponse, HttpFailure> response();

  HttpRequest request_;
  std::unique_ptr<curl_slist, FreeList> fields_;
  std::unique_ptr<curl_slist, FreeList> addresses_;
  std::string body_;
  HeaderLines header_;
  bool body_too_large_ = false;
  std::vector<ipc::Fd> sockets_;  // all that were opened, to be looked at when curl's are closed
  char error_[CURL_ERROR_SIZE] = {};
  std::unique_ptr<CURL, FreeEasy> easy_;  // last, so that it goes first: it points to the others
};

}  // namespace latchkey::fetchd
