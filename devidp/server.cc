// SPDX-License-Identifier: Apache-2.0
//
// cpp-httplib is seen here only. The documents are read from the folder at each request.
#include "devidp/server.h"

#include <httplib.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "devidp/certificates.h"
#include "devidp/openssl.h"
#include "devidp/provider.h"

namespace latchkey::devidp {
namespace {

using nlohmann::ordered_json;

bool is_loopback(const std::string& address) {
  in_addr parsed{};
  return ::inet_pton(AF_INET, address.c_str(), &parsed) == 1 && (ntohl(parsed.s_addr) >> 24) == 127;
}

std::string entity_tag(const std::string& content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(content.data(), content.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string tag = "\"";
  for (unsigned index = 0; index < 16; ++index) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    tag += kDigits[digest[index] >> 4];
    tag += kDigits[digest[index] & 15];
  }
  return tag + "\"";
}

std::string metadata(const std::string& issuer) {
  const ordered_json document{
      {"issuer", issuer},
      {"jwks_uri", issuer + kJwksPath},
      {"response_types_supported", {"code"}},
      {"subject_types_supported", {"public"}},
      {"id_token_signing_alg_values_supported", {"RS256", "ES256", "EdDSA"}},
  };
  return document.dump(2) + "\n";
}

// Answers with `content`, or 304 where the asker has it (RFC 9110 section 13.1.2).
void answer(const ServeOrder& order, const std::string& content, const httplib::Request& request,
            httplib::Response& response) {
  const std::string tag = entity_tag(content);
  response.set_header("ETag", tag);
  if (order.max_age_s)
    response.set_header("Cache-Control", "max-age=" + std::to_string(*order.max_age_s));
  if (request.get_header_value("If-None-Match") == tag) {
    response.status = 304;
    return;
  }
  response.set_content(content, "application/json");
}

void add_routes(httplib::Server& server, const ServeOrder& order, const std::string& issuer) {
  server.Get(kDiscoveryPath,
             [&order, issuer](const httplib::Request& request, httplib::Response& response) {
               answer(order, metadata(issuer), request, response);
             });
  server.Get(kJwksPath, [&order](const httplib::Request& request, httplib::Response& response) {
    const auto set = read_file(jwks_file(order.folder));
    if (!set) {
      response.status = 500;
      return;
    }
    answer(order, *set, request, response);
  });
}

// Blocked before the first thread is made, so that only `wait_and_stop` sees them.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

}  // namespace

Result<void> serve(const ServeOrder& order) {
  if (!is_loopback(order.address))
    return failed(order.address + ": only addresses in 127.0.0.0/8 are served");
  const std::string host = order.host.empty() ? order.address : order.host;
  if (auto made = ensure_certificates(order.folder, host); !made) return made;
  const sigset_t signals = block_signals();

  httplib::SSLServer server((order.folder + "/tls.pem").c_str(),
                            (order.folder + "/tls.key").c_str());
  if (!server.is_valid()) return failed("the TLS certificate cannot be used");
  server.new_task_queue = [] { return new httplib::ThreadPool(4); };
  int port = order.port;
  if (port == 0) {
    port = server.bind_to_any_port(order.address.c_str());
    if (port <= 0) return failed(order.address + ": no free port");
  } else if (!server.bind_to_port(order.address.c_str(), port)) {
    return failed(order.address + ":" + std::to_string(port) + ": the port is taken");
  }
  const std::string issuer = "https://" + host + ":" + std::to_string(port);
  add_routes(server, order, issuer);
  if (auto written = write_file(issuer_file(order.folder), issuer + "\n", 0644); !written)
    return written;
  std::printf("%s\n", issuer.c_str());
  std::fflush(stdout);

  std::thread stopper([&] {
    int number = 0;
    ::sigwait(&signals, &number);
    server.stop();
  });
  const bool ended_well = server.listen_after_bind();
  if (!ended_well) ::pthread_kill(stopper.native_handle(), SIGTERM);
  stopper.join();
  if (!ended_well) return failed("cannot listen");
  return {};
}

}  // namespace latchkey::devidp
