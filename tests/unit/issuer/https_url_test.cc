// SPDX-License-Identifier: Apache-2.0
#include "core/issuer/https_url.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::issuer {
namespace {

using namespace std::string_literals;

struct Case {
  std::string name;
  std::string url;
  std::string want;  // origin|path|query, or empty: refused
};

std::string shown(const tl::expected<HttpsUrl, std::string>& url) {
  return url ? url->origin.text() + '|' + url->path + '|' + url->query : "";
}

TEST(HttpsUrl, IsReadOneWayOrRefused) {
  const std::vector<Case> cases = {
      {"taken with a host alone", "https://id.example.com", "https://id.example.com||"},
      {"taken with a slash", "https://id.example.com/", "https://id.example.com|/|"},
      {"taken with path and query", "https://h/a/b?c=d/e", "https://h|/a/b|?c=d/e"},
      {"taken with a query right behind the host", "https://h?c", "https://h||?c"},
      {"taken with a port", "https://h:8443/k", "https://h:8443|/k|"},
      {"taken with its own port spelt out", "https://h:443/k", "https://h|/k|"},
      {"taken with the highest port", "https://h:65535", "https://h:65535||"},
      {"taken in upper case, as the same host", "https://ID.Example.COM/P",
       "https://id.example.com|/P|"},
      {"taken with an address", "https://127.0.0.1:1/", "https://127.0.0.1:1|/|"},
      {"taken with an IPv6 address", "https://[::1]:8443/", "https://[::1]:8443|/|"},
      {"taken with an encoded name (IDN)", "https://xn--bcher-kva.example",
       "https://xn--bcher-kva.example||"},
      {"taken with escapes in the path", "https://h/a%20b", "https://h|/a%20b|"},
      {"taken with an at sign in the path", "https://h/@a", "https://h|/@a|"},
      {"refused where empty", "", ""},
      {"refused over http", "http://id.example.com", ""},
      {"refused with an upper-case scheme", "HTTPS://h", ""},
      {"refused as a file", "file:///etc/passwd", ""},
      {"refused without a scheme", "id.example.com", ""},
      {"refused without a host", "https:///path", ""},
      {"refused with one slash", "https:/h", ""},
      {"refused with user information", "https://user@h/", ""},
      {"refused with a password", "https://id.example.com:443@evil.example/", ""},
      {"refused with a fragment", "https://h/#f", ""},
      {"refused with a fragment behind the host", "https://h#@evil", ""},
      {"refused with a backslash", "https://h\\@evil/", ""},
      {"refused with a backslash in the path", "https://h/\\evil", ""},
      {"refused with a blank in front", " https://h", ""},
      {"refused with a blank behind", "https://h/ ", ""},
      {"refused with a newline", "https://h/\nHost: evil", ""},
      {"refused with a tab in the host", "https://h\t.example", ""},
      {"refused with NUL", "https://h\0.evil"s, ""},
      {"refused with a name beyond ASCII",
       "https://\xd1\x96"
       "d.example.com",
       ""},
      {"refused with a path beyond ASCII", "https://h/\xc3\xa9", ""},
      {"refused with a half escape", "https://h/%2", ""},
      {"refused with an escape that is none", "https://h/%zz", ""},
      {"refused with an escape in the host", "https://h%2eevil/", ""},
      {"refused with an empty port", "https://h:/", ""},
      {"refused with port 0", "https://h:0/", ""},
      {"refused with a leading zero in the port", "https://h:0443/", ""},
      {"refused with a port beyond 65535", "https://h:65536/", ""},
      {"refused with a port that would wrap", "https://h:4294967739/", ""},
      {"refused with a signed port", "https://h:+443/", ""},
      {"refused with two ports", "https://h:1:2/", ""},
      {"refused with an empty label", "https://a..b/", ""},
      {"refused with a dot at the end", "https://a./", ""},
      {"refused with a dash at the start of a label", "https://-a/", ""},
      {"refused with a dash at the end of a label", "https://a-/", ""},
      {"refused with an underscore in the host", "https://a_b/", ""},
      {"refused with a label of 64", "https://" + std::string(64, 'a') + "/", ""},
      {"refused with an address in one number", "https://2130706433/", ""},
      {"refused with a hex address", "https://0x7f.0.0.1/", ""},
      {"refused with a hex address in one number", "https://0x7f000001/", ""},
      {"refused with an octal address", "https://0177.0.0.1/", ""},
      {"refused with a short address", "https://127.1/", ""},
      {"refused with an address number beyond 255", "https://127.0.0.256/", ""},
      {"refused with five address numbers", "https://127.0.0.0.1/", ""},
      {"refused with an open bracket", "https://[::1/", ""},
      {"refused with a zone", "https://[fe80::1%25eth0]/", ""},
      {"refused with a name in brackets", "https://[h]/", ""},
      {"refused with text behind the bracket", "https://[::1]evil/", ""},
      {"refused with brackets in a name", "https://a[::1]/", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(shown(parse_https_url(c.url)), c.want) << c.name;
}

TEST(HttpsUrl, ARefusalSaysWhatIsWrong) {
  const std::vector<Case> cases = {
      {"no host", "https:///path", "it has no host"},
      {"no host before a port", "https://:443/", "it has no host"},
      {"user information", "https://user@h/", "user information is not allowed"},
      {"a password that looks like a port", "https://id.example.com:443@evil.example/",
       "user information is not allowed"},
      {"a fragment", "https://h/#f", "a fragment is not allowed"},
      {"a fragment before an at sign", "https://h#@evil", "a fragment is not allowed"},
      {"a name that is none", "https://a_b/", "the host is no name and no address"},
      {"a port that is none", "https://h:0/", "the port is not a number from 1 to 65535"},
      {"a blank", "https://h/ ", "it holds a character that a URL may not have"},
  };
  for (const auto& c : cases) {
    const auto url = parse_https_url(c.url);
    EXPECT_EQ(url ? "taken" : url.error(), c.want) << c.name;
  }
}

TEST(HttpsUrl, IsBoundedInLength) {
  const std::string start = "https://h/";
  EXPECT_TRUE(parse_https_url(start + std::string(2'048 - start.size(), 'a')));
  EXPECT_FALSE(parse_https_url(start + std::string(2'049 - start.size(), 'a')));
  const std::string label(63, 'a');
  const auto host = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
  EXPECT_TRUE(parse_https_url("https://" + host));
  EXPECT_FALSE(parse_https_url("https://" + host + 'b'));
}

TEST(Origin, HasNoPath) {
  EXPECT_TRUE(parse_origin("https://keys.example.com"));
  EXPECT_TRUE(parse_origin("https://keys.example.com/"));
  EXPECT_FALSE(parse_origin("https://keys.example.com/a"));
  EXPECT_FALSE(parse_origin("https://keys.example.com?a"));
  EXPECT_FALSE(parse_origin("keys.example.com"));
}

TEST(Origin, IsTheSameOnlyWithTheSamePort) {
  EXPECT_EQ(parse_origin("https://A.example"), parse_origin("https://a.example:443/"));
  EXPECT_NE(parse_origin("https://a.example"), parse_origin("https://a.example:444"));
  EXPECT_NE(parse_origin("https://a.example"), parse_origin("https://b.example"));
}

}  // namespace
}  // namespace latchkey::issuer
