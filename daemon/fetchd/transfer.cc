// SPDX-License-Identifier: Apache-2.0
//
// All options of curl that we set stand here, each with the attack or the trap that it answers
// (SECURITY.md section 1, rows "SSRF" to "proxy variables"). curl_easy_setopt fails for a lack of
// memory or an option that the library was built without; either way a fence would be missing, so
// the program ends.
#include "daemon/fetchd/transfer.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/fetchd/http_fields.h"
#include "daemon/fetchd/trouble.h"

namespace latchkey::fetchd {
namespace {

constexpr long kLowSpeedBytesPerSecond = 256;
constexpr std::size_t kCauseMost = 300;

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  if (curl_easy_setopt(easy, option, value) == CURLE_OK) return;
  std::fprintf(stderr, "latchkey-fetchd: curl refuses option %d\n", static_cast<int>(option));
  std::abort();
}

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

// In the place of a look-up by curl, which would be a thread that nobody counts.
int refuse_look_up(void*, void*, void*) { return 1; }

}  // namespace

Peer peer_of(const HttpRequest& request) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  if (!url) std::abort();
  const std::string& text = request.proxy.empty() ? request.url : request.proxy;
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
  Peer peer{part(url.get(), CURLUPART_HOST), part(url.get(), CURLUPART_PORT)};
  in_addr four{};
  if (peer.host.starts_with('[') || ::inet_pton(AF_INET, peer.host.c_str(), &four) == 1) return {};
  return peer;
}

Transfer::Transfer(HttpRequest request, const Peer& peer, const std::vector<std::string>& addresses,
                   std::chrono::milliseconds timeout)
    : request_(std::move(request)), easy_(curl_easy_init()) {
  if (!easy_) std::abort();
  set_fences();
  if (!peer.host.empty()) set_addresses(peer, addresses);
  set_proxy();
  set_tls();
  set_bounds(timeout);
  set_request();
}

void Transfer::set_fences() {
  CURL* easy = easy_.get();
  set(easy, CURLOPT_PROTOCOLS_STR, "https");
  set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  // No Accept-Encoding is sent, and nothing is unpacked: a bomb stays as small as it came.
  set(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  // Each request verifies its peer anew: a connection or a session that was kept would go on
  // trusting a CA that the administrator has taken away since.
  set(easy, CURLOPT_FRESH_CONNECT, 1L);
  set(easy, CURLOPT_FORBID_REUSE, 1L);
  set(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  // Nor would an address that curl has kept for a minute: a wrong one would outlive the name
  // server's mistake. Who keeps answers for as long as they are good is the host's resolver. (Those
  // of set_addresses() curl keeps until the next transfer to that host brings its own.)
  set(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  set(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // else curl holds a CA file's content for a day
}

// What was looked up for this transfer; curl looks up nothing by itself.
void Transfer::set_addresses(const Peer& peer, const std::vector<std::string>& addresses) {
  std::string line = peer.host + ':' + peer.port + ':';
  for (const std::string& address : addresses) line += (line.back() == ':' ? "" : ",") + address;
  addresses_.reset(curl_slist_append(nullptr, line.c_str()));
  if (addresses_ == nullptr) std::abort();
  set(easy_.get(), CURLOPT_RESOLVE, addresses_.get());
  set(easy_.get(), CURLOPT_RESOLVER_START_FUNCTION, &refuse_look_up);
}

// The configuration's or none; never that of the environment, nor its exceptions. Through the
// proxy goes a tunnel (CONNECT), so that it sees no more than the server's name, and what is meant
// for the server is not told to it.
void Transfer::set_proxy() {
  CURL* easy = easy_.get();
  set(easy, CURLOPT_PROXY, request_.proxy.c_str());
  set(easy, CURLOPT_NOPROXY, request_.proxy.empty() ? "*" : "");
  if (request_.proxy.empty()) return;
  set(easy, CURLOPT_PROXYTYPE, static_cast<long>(CURLPROXY_HTTP));
  set(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  set(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  set(easy, CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_NONE));
}

void Transfer::set_tls() {
  CURL* easy = easy_.get();
  const std::string& ca_file = request_.ca_file;
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  std::string pins;
  for (const std::string& pin : request_.tls_pins) pins += (pins.empty() ? "" : ";") + pin;
  if (!pins.empty()) set(easy, CURLOPT_PINNEDPUBLICKEY, pins.c_str());
  if (ca_file.empty()) return;
  set(easy, CURLOPT_CAINFO, ca_file.c_str());
  set(easy, CURLOPT_CAPATH,
      static_cast<const char*>(nullptr));  // else the system's CAs would do as well
}

void Transfer::set_bounds(std::chrono::milliseconds timeout) {
  CURL* easy = easy_.get();
  const long timeout_ms = std::max<long>(timeout.count(), 1);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
  if (!request_.any_speed) {
    set(easy, CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytesPerSecond);
    set(easy, CURLOPT_LOW_SPEED_TIME, std::max(timeout_ms / 2'000, 1L));
  }
  set(easy, CURLOPT_MAXFILESIZE_LARGE,
      static_cast<curl_off_t>(request_.body_most));  // by Content-Length
  set(easy, CURLOPT_BUFFERSIZE, 16L * 1'024);
  set(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);  // by what really comes
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
}

void Transfer::set_request() {
  CURL* easy = easy_.get();
  set(easy, CURLOPT_ERRORBUFFER, error_);
  if (request_.form) {
    set_form();
  } else {
    set(easy, CURLOPT_HTTPGET, 1L);
  }
  set(easy, CURLOPT_USERAGENT, "latchkey-fetchd/" LATCHKEY_VERSION);
  add_field("Accept: " + request_.accept);
  if (!request_.etag.empty()) {
    add_field("If-None-Match: " + request_.etag);
  } else if (!request_.last_modified.empty()) {
    add_field("If-Modified-Since: " + request_.last_modified);
  }
  if (request_.authorization) add_authorization();
  set(easy, CURLOPT_HTTPHEADER, fields_.get());
  set(easy, CURLOPT_URL, request_.url.c_str());
}

// The form stays where it is, in memory that is wiped; curl sends from there. "Expect:" would cost
// a round trip.
void Transfer::set_form() {
  CURL* easy = easy_.get();
  const std::string_view form = request_.form->view();
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_POSTFIELDS, form.data());
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(form.size()));
  add_field("Content-Type: " + request_.form_type);
  add_field("Expect:");
}

void Transfer::add_field(const std::string& field) {
  curl_slist* list = curl_slist_append(fields_.get(), field.c_str());
  if (list == nullptr) std::abort();
  if (fields_ == nullptr) fields_.reset(list);
}

// curl keeps a copy of the line, which the list's end wipes.
void Transfer::add_authorization() {
  std::string line(request_.authorization->view());
  add_field(line);
  wire::wipe(std::span<char>(line));
}

void Transfer::FreeList::operator()(curl_slist* list) const {
  for (curl_slist* each = list; each != nullptr; each = each->next)
    wire::wipe(std::span<char>(each->data, std::strlen(each->data)));
  curl_slist_free_all(list);
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  if (bytes > transfer.request_.body_most - transfer.body_.size()) {
    transfer.body_too_large_ = true;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.body_.append(data, bytes);
  return bytes;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  return transfer.header_.take({data, bytes}) ? bytes : CURL_WRITEFUNC_ERROR;
}

curl_socket_t Transfer::on_open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const int opened = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened < 0) return CURL_SOCKET_BAD;
  transfer.sockets_.emplace_back(::fcntl(opened, F_DUPFD_CLOEXEC, 0));
  return opened;
}

// Whether a connection ever stood, with whichever address: then the peer has acknowledged the SYN.
// That outlives a reset, and curl's own time of the connection counts the handshake of TLS in. What
// cannot be told is taken for one that stood.
bool Transfer::connected() const {
  return std::any_of(sockets_.begin(), sockets_.end(), [](const ipc::Fd& socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    return ::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
           info.tcpi_bytes_acked > 0;
  });
}

tl::expected<HttpResponse, HttpFailure> Transfer::finish(CURLcode code) {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK) return tl::unexpected(failure(code));
  if (status == 200 || (status == 304 && request_.conditional())) return response();
  HttpFailure failure{"HTTP status " + std::to_string(status), std::nullopt,
                      static_cast<int>(status)};
  if (status >= 300 && status < 400 && status != 304) failure.cause += ": redirects are refused";
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &retry_after_s);
  if ((status == 429 || status == 503) && retry_after_s > 0) {
    failure.retry_after = std::chrono::seconds(std::min<curl_off_t>(retry_after_s, 86'400));
  }
  return tl::unexpected(std::move(failure));
}

HttpFailure Transfer::failure(CURLcode code) const {
  const std::string most = std::to_string(request_.body_most);
  if (body_too_large_ || code == CURLE_FILESIZE_EXCEEDED) {
    return {"the document is larger than " + most + " bytes", std::nullopt};
  }
  if (!header_.trouble().empty()) return {std::string(header_.trouble()), std::nullopt};
  std::string cause(trouble(code));
  cause += ": ";
  cause += sentence_is_curls_own(code) && error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  const bool untrusted =
      code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
  Progress progress{.connected = connected()};
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &progress.system_error);
  return {.cause = printable(cause, kCauseMost),
          .retry_after = {},
          .untrusted = untrusted,
          .unreachable = nobody_is_there(code, progress),
          .silent = code == CURLE_OPERATION_TIMEDOUT && progress.connected};
}

tl::expected<HttpResponse, HttpFailure> Transfer::response() {
  HttpResponse response;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &response.status);
  const std::string& encoding = header_.content_encoding;
  if (response.status == 200) {
    if (!encoding.empty() && encoding != "identity") {
      return tl::unexpected(
          HttpFailure{"the document is compressed though nobody asked for it", std::nullopt});
    }
    if (body_.empty()) return tl::unexpected(HttpFailure{"the document is empty", std::nullopt});
    response.body = std::move(body_);
  }
  if (is_entity_tag(header_.etag)) response.etag = header_.etag;
  if (is_http_date(header_.last_modified)) response.last_modified = header_.last_modified;
  response.content_type = header_.content_type;
  response.max_age = freshness_lifetime(header_.cache_control, header_.age);
  return response;
}

}  // namespace latchkey::fetchd
