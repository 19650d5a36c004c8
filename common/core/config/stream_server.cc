// SPDX-License-Identifier: Apache-2.0
//
// Where a Redis server is, in one text: so that nothing can be set beside it that would make a
// plain connection of an encrypted one.
#include <algorithm>
#include <string>

#include "core/config/revocation_config.h"
#include "core/issuer/https_url.h"

namespace latchkey::config {
namespace {

constexpr std::size_t kSocketPathMost = 107;  // sockaddr_un, with its end

tl::unexpected<std::string> wrong(std::string_view why) { return tl::unexpected(std::string(why)); }

tl::expected<StreamServer, std::string> at_path(std::string_view path) {
  const bool form = path.starts_with('/') && path.size() <= kSocketPathMost &&
                    std::none_of(path.begin(), path.end(), [](char c) { return c < ' '; });
  if (!form) return wrong("it needs an absolute path of at most 107 bytes");
  StreamServer server;
  server.path = std::string(path);
  return server;
}

bool is_this_host(std::string_view host) { return host == "127.0.0.1" || host == "::1"; }

}  // namespace

tl::expected<StreamServer, std::string> parse_stream_server(std::string_view text) {
  constexpr std::string_view kUnix = "unix://";
  constexpr std::string_view kTls = "rediss://";
  constexpr std::string_view kPlain = "redis://";
  if (text.starts_with(kUnix)) return at_path(text.substr(kUnix.size()));
  StreamServer server;
  server.tls = text.starts_with(kTls);
  if (!server.tls && !text.starts_with(kPlain))
    return wrong("it starts with none of rediss://, unix:// and redis://");
  text.remove_prefix(server.tls ? kTls.size() : kPlain.size());
  const auto origin = issuer::parse_origin("https://" + std::string(text));
  if (!origin) return tl::unexpected(origin.error());
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find(']', colon) != std::string_view::npos ||
      text.ends_with('/'))
    return wrong("it needs host and port, and nothing behind them");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  server.host = std::string(host);
  server.port = std::string(text.substr(colon + 1));
  if (!server.tls && !is_this_host(server.host))
    return wrong("a plain connection goes to 127.0.0.1 or [::1] only; use rediss://");
  return server;
}

}  // namespace latchkey::config
