// SPDX-License-Identifier: Apache-2.0
//
// The sources of revocations in the configuration.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/dump.h"
#include "tests/unit/config/parsed.h"

namespace latchkey::config {
namespace {

using ::testing::ElementsAre;
using testing::errors_of;
using ::testing::HasSubstr;
using testing::issuer;
using testing::parsed;

// RFC 8037 appendix A.2, and another one.
const std::string kKey =
    "{ keys: [ { kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo } ] }";
const std::string kOther =
    "{ keys: [ { kty: EC, crv: P-256, x: f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU, y: "
    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0 } ] }";

std::string list(const std::string& name, const std::string& more) {
  return "    - name: " + name + "\n      issuer: https://lists.example.com/" + name +
         "\n      url: https://lists.example.com/" + name + "/list.jwt\n" + more;
}

std::string lists(const std::string& members) {
  return issuer("") + "revocation:\n  lists:\n" + members;
}

// While a token can be accepted, or its claims stand for a user who shows none.
TEST(RevocationConfig, CountsUntilNobodyGetsInByWhatIsRevoked) {
  using std::chrono::hours;
  using std::chrono::minutes;
  const WallTime now{std::chrono::seconds(1'700'000'000)};
  Config config;
  config.max_claims_age = hours(48);
  Issuer issuer;
  auto& claims = issuer.config.claims;
  claims.leeway = minutes(1);
  claims.max_token_age = hours(12);
  EXPECT_EQ(revocation_counts_until(config, issuer, now, now), now + hours(48) + minutes(1));
  EXPECT_EQ(revocation_counts_until(config, issuer, now + hours(72), now),
            now + hours(84) + minutes(1));
  EXPECT_EQ(revocation_counts_until(config, issuer, now, std::nullopt),
            now + hours(60) + minutes(2))
      << "who hears of it when no token is good any more may have let one in just before";
  claims.max_token_lifetime = hours(1);
  EXPECT_EQ(revocation_counts_until(config, issuer, now, std::nullopt),
            now + hours(49) + minutes(2));
  claims.max_token_age = hours(0);
  EXPECT_EQ(token_life(issuer.config), hours(1));
  claims.max_token_lifetime = hours(0);
  EXPECT_EQ(revocation_counts_until(config, issuer, now, now), std::nullopt);
  claims.max_token_age = hours(12);
  issuer.config.introspection.mode = issuer::IntrospectionMode::required;
  EXPECT_EQ(revocation_counts_until(config, issuer, now, now), std::nullopt);
}

TEST(RevocationConfig, HasTheDefaultsOfRefusal) {
  const auto config = parsed(lists(list("fleet", "      keys: " + kKey + "\n")));
  ASSERT_TRUE(config);
  ASSERT_EQ(config->revocation.lists.size(), 1U);
  const ListSource& fleet = config->revocation.lists[0];
  EXPECT_EQ(fleet.feed.name, "fleet");
  EXPECT_THAT(fleet.feed.stale_refuses, ElementsAre("sudo", "sudo-i"));
  EXPECT_THAT(fleet.feed.absent_refuses, ElementsAre("*"));
  EXPECT_EQ(fleet.digest.size(), 64U);
}

TEST(RevocationConfig, DumpsToWhatItWas) {
  const auto config =
      parsed(lists(list("fleet", "      keys: " + kKey + "\n      stale_refuses: []\n") +
                   list("more", "      keys_file: /k.json\n      absent_refuses: [ sudo ]\n")));
  ASSERT_TRUE(config);
  const auto again = parsed(dump(*config));
  ASSERT_TRUE(again) << dump(*config);
  EXPECT_EQ(dump(*again), dump(*config));
  EXPECT_EQ(again->digest, config->digest);
  EXPECT_TRUE(again->revocation.lists[0].feed.stale_refuses.empty());
}

TEST(RevocationConfig, OfSeveralFilesIsJoined) {
  const std::string one = lists(list("one", "      keys_file: /k.json\n"));
  const std::string two = "revocation:\n  lists:\n" + list("two", "      keys_file: /k.json\n");
  const std::vector<SourceText> sources = {{"f", one}, {"g", two}};
  const auto config = parse(sources);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->revocation.lists.size(), 2U);
}

TEST(RevocationConfig, EachIsTheOnlyOneOfItsNameAndItsIssuer) {
  const std::string keys = "      keys_file: /k.json\n";
  EXPECT_THAT(errors_of(lists(list("a", keys) + list("a", keys))),
              ElementsAre(HasSubstr("the name \"a\" is taken"),
                          HasSubstr("the issuer \"https://lists.example.com/a\" is taken")));
}

TEST(RevocationConfig, NeedsKeysFromOnePlace) {
  EXPECT_THAT(errors_of(lists(list("a", ""))), ElementsAre(HasSubstr("'keys' or 'keys_file'")));
  EXPECT_THAT(errors_of(lists(list("a", "      keys_file: /k\n      keys: " + kKey + "\n"))),
              ElementsAre(HasSubstr("'keys' or 'keys_file'")));
}

TEST(RevocationConfig, RefusesAnIssuersKeys) {
  const auto with = [](const std::string& issuer_keys, const std::string& list_keys) {
    return errors_of(issuer(issuer_keys) + "revocation:\n  lists:\n" + list("a", list_keys));
  };
  EXPECT_THAT(with("    keys: " + kKey + "\n", "      keys: " + kKey + "\n"),
              ElementsAre(HasSubstr("a key also verifies tokens of issuer \"a\"")));
  EXPECT_THAT(with("    keys: " + kOther + "\n", "      keys: " + kKey + "\n"), ElementsAre());
  EXPECT_THAT(with("    jwks_file: /k.json\n", "      keys_file: /k.json\n"),
              ElementsAre(HasSubstr("these are the keys of issuer \"a\"")));
}

TEST(RevocationConfig, KnowsHttpsOnly) {
  EXPECT_THAT(errors_of(lists("    - name: a\n      issuer: a\n      url: http://a/l\n"
                              "      keys_file: /k\n")),
              ElementsAre(HasSubstr("expected an https URL")));
}

std::string stream(const std::string& name, const std::string& server, const std::string& keys) {
  return "    - name: " + name + "\n      issuer: urn:" + name + "\n      server: " + server +
         "\n      " + keys + "\n";
}
std::string streams(const std::string& members) {
  return issuer("") + "revocation:\n  streams:\n" + members;
}

TEST(RevocationConfig, AStreamHasTheDefaultsOfRefusalAndDumpsToWhatItWas) {
  const auto config = parsed(streams(stream("now", "unix:///run/redis.sock", "keys: " + kKey)));
  ASSERT_TRUE(config);
  const StreamSource& now = config->revocation.streams.at(0);
  EXPECT_EQ(now.key, "latchkey:revocations");
  EXPECT_THAT(now.feed.stale_refuses, ElementsAre("sudo", "sudo-i"));
  EXPECT_THAT(now.feed.absent_refuses, ElementsAre("*"));
  EXPECT_EQ(now.digest.size(), 64U);
  const auto again = parsed(dump(*config));
  ASSERT_TRUE(again) << dump(*config);
  EXPECT_EQ(again->digest, config->digest);
  EXPECT_EQ(config->revocation.feed_count(), 1U);
}

TEST(RevocationConfig, APlainConnectionStaysOnThisHost) {
  const auto errors = [](const std::string& server) {
    return errors_of(streams(stream("a", server, "keys_file: /k")));
  };
  for (const std::string good : {"rediss://redis.example.com:6379", "redis://127.0.0.1:6379",
                                 "\"redis://[::1]:6379\"", "unix:///run/redis/redis.sock"})
    EXPECT_THAT(errors(good), ElementsAre()) << good;
  for (const std::string bad :
       {"redis://redis.example.com:6379", "redis://127.0.0.2:6379", "redis://localhost:6379",
        "rediss://redis.example.com", "rediss://redis.example.com:6379/0", "unix://run/redis.sock",
        "rediss://user@redis.example.com:6379", "http://a:1"})
    EXPECT_THAT(errors(bad), ElementsAre(HasSubstr("expected a Redis server"))) << bad;
}

TEST(RevocationConfig, AStreamsNameIssuerAndKeysAreItsOwn) {
  const std::string both = issuer("") + "revocation:\n  lists:\n" +
                           list("a", "      keys: " + kKey + "\n") + "  streams:\n";
  EXPECT_THAT(errors_of(both + stream("a", "unix:///r", "keys: " + kKey)),
              ElementsAre(HasSubstr("the name is taken, by the list \"a\""),
                          HasSubstr("a key also signs the list \"a\"")));
  EXPECT_THAT(errors_of(both + stream("b", "unix:///r", "keys: " + kOther)), ElementsAre());
  EXPECT_THAT(errors_of(streams(stream("a", "unix:///r", "keys_file: /k") +
                                stream("b", "unix:///r", "keys_file: /k"))),
              ElementsAre(HasSubstr("a key also signs the stream \"a\"")));
  EXPECT_THAT(errors_of(streams(stream("a", "unix:///r", "ca_file: /c"))),
              ElementsAre(HasSubstr("a stream needs 'keys' or 'keys_file'")));
}

std::string events(const std::string& more = {}, const std::string& name = "corp-events",
                   const std::string& of = "a", const std::string& path = "poll") {
  return "    - name: " + name + "\n      issuer: " + of +
         "\n      audience: https://hosts.example.com\n      endpoint: https://a.example/" + path +
         "\n"
         "      token_file: /t\n" +
         more;
}
std::string with_events(const std::string& members) {
  return issuer("") + "revocation:\n  events:\n" + members;
}

TEST(RevocationConfig, EventsHaveTheDefaultsOfRefusalAndDumpToWhatTheyWere) {
  const auto config = parsed(with_events(events()));
  ASSERT_TRUE(config);
  const EventSource& source = config->revocation.events.at(0);
  EXPECT_THAT(source.feed.stale_refuses, ElementsAre("sudo", "sudo-i"));
  EXPECT_THAT(source.feed.absent_refuses, ElementsAre("*"));
  EXPECT_THAT(source.audiences, ElementsAre("https://hosts.example.com"));
  EXPECT_EQ(source.poll_interval, std::chrono::seconds(60));
  EXPECT_EQ(source.long_poll, std::chrono::seconds(0));
  EXPECT_EQ(source.max_age, std::chrono::hours(1));
  EXPECT_EQ(source.max_events, 32U);
  EXPECT_EQ(source.digest.size(), 64U);
  EXPECT_EQ(config->revocation.feed_count(), 1U);
  EXPECT_EQ(config->revocation.feeds().at(0), &source.feed);
  const auto again = parsed(dump(*config));
  ASSERT_TRUE(again) << dump(*config);
  EXPECT_EQ(again->digest, config->digest);
}

TEST(RevocationConfig, EventsAreOfAnIssuerThatCanSignThem) {
  EXPECT_THAT(errors_of(with_events(events("", "e", "nobody"))),
              ElementsAre(HasSubstr("there is no issuer \"nobody\"")));
  EXPECT_THAT(errors_of(issuer("    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n") +
                        "revocation:\n  events:\n" + events()),
              ElementsAre(HasSubstr("has a symmetric key, which signs none")));
}

TEST(RevocationConfig, EventsShareNoNameAndNoPlaceOnDisk) {
  const std::string t = "      transmitter: https://t\n";
  EXPECT_THAT(errors_of(with_events(events() + events(t, "corp-events", "a", "2"))),
              ElementsAre(HasSubstr("the name \"corp-events\" is taken")));
  const auto twice = HasSubstr("events of this transmitter about issuer \"a\"");
  EXPECT_THAT(errors_of(with_events(events() + events("", "more", "a", "2"))), ElementsAre(twice));
  EXPECT_THAT(errors_of(with_events(events() + events(t, "more", "a", "2"))), ElementsAre());
  // Written out or not, it is the same transmitter.
  const std::string own =
      "      transmitter: " + parsed(issuer(""))->issuers[0].config.issuer + "\n";
  EXPECT_THAT(errors_of(with_events(events() + events(own, "more", "a", "2"))), ElementsAre(twice));
  EXPECT_THAT(errors_of(with_events(events() + events(t, "more"))),
              ElementsAre(HasSubstr("another source polls this stream")));
  std::string shouted = events(t, "more");
  shouted.replace(shouted.find("https://a.example/"), 18, "https://A.Example:443/");
  EXPECT_THAT(errors_of(with_events(events() + shouted)),
              ElementsAre(HasSubstr("another source polls this stream")));
  EXPECT_THAT(errors_of(with_events(events() + events(t, "more", "a", "poll?"))),
              ElementsAre(HasSubstr("another source polls this stream")));
  EXPECT_THAT(errors_of(with_events(events() + events(t, "more", "a", "POLL"))), ElementsAre());
  EXPECT_THAT(errors_of(lists(list("fleet", "      keys_file: /k.json\n")) + "  events:\n" +
                        events("", "fleet")),
              ElementsAre(HasSubstr("the name is taken, by another source of revocations")));
  EXPECT_THAT(errors_of(with_events(events("", "s")) +
                        "  status_lists:\n"
                        "    - { name: s, issuers: [ a ], uris: [ \"https://s/\" ] }\n"),
              ElementsAre(HasSubstr("the name is taken, by another source of revocations")));
}

TEST(RevocationConfig, EventsAreNotStaleBetweenTwoPolls) {
  EXPECT_THAT(errors_of(with_events(events("      poll_interval: 1m\n      max_age: 1m\n"))),
              ElementsAre(HasSubstr("'max_age' is less than twice")));
  EXPECT_THAT(errors_of(with_events(events("      long_poll: 1m\n      max_age: 119s\n"))),
              ElementsAre(HasSubstr("'max_age' is less than twice")));
  EXPECT_THAT(errors_of(with_events(events("      long_poll: 1m\n      max_age: 2m\n"))),
              ElementsAre());
}

TEST(RevocationConfig, EventsAreAskedForByHttpsOnlyAndForSomebody) {
  EXPECT_THAT(errors_of(with_events("    - name: e\n      issuer: a\n      audience: []\n"
                                    "      endpoint: http://a/poll\n      token_file: /t\n")),
              ElementsAre(HasSubstr("empty"), HasSubstr("expected an https URL")));
}

}  // namespace
}  // namespace latchkey::config
