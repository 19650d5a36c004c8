// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/evidence.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/latchkeyctl/commands.h"
#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/render.h"
#include "config_files/load.h"
#include "core/accounts/ledger.h"
#include "core/accounts/nsswitch.h"
#include "core/base/text.h"
#include "core/config/parse.h"
#include "core/jose/symmetric_key.h"

namespace latchkey::cli {
namespace {

namespace control = ipc::control;

constexpr std::size_t kAccountsMost = std::size_t{64} << 20U;

class Gathering {
 public:
  Gathering(const Session& session, const EvidenceOrder& order, WallTime now)
      : session_(session), order_(order), now_(now) {}

  std::optional<Evidence> run() {
    // A configuration that was named is read first: where all its keys are symmetric ones the
    // daemon has none to tell. What it knows of revocations counts all the same where it runs.
    const bool named = !order_.config.empty();
    if (named && (!read_config() || !choose_issuer())) return std::nullopt;
    if (order_.jwks.empty() && !connect(named && (all_symmetric() || !order_.keys)))
      return std::nullopt;
    if (!named && (!read_config() || !choose_issuer())) return std::nullopt;
    if (order_.keys && !(order_.jwks.empty() ? ask_keys() : read_keys())) return std::nullopt;
    if (!read_accounts() || !read_lists()) return std::nullopt;
    evidence_.snapshot.config = std::make_shared<const config::Config>(std::move(config_));
    return std::move(evidence_);
  }

 private:
  static bool fail(const std::string& text) {
    std::fprintf(stderr, "latchkeyctl: %s\n", text.c_str());
    return false;
  }

  bool connect(bool dispensable) {
    if (dispensable && !order_.sign_in) return true;
    auto client = ipc::varlink::VarlinkClient::connect(session_.socket);
    // No daemon is no trouble then, and read_lists() says so; one that does not let us ask is.
    if (!client && dispensable && client.error().kind == ipc::FaultKind::system) return true;
    if (!client) {
      report(session_, client.error());
      return fail(order_.without_daemon);
    }
    client_ = std::make_unique<ipc::varlink::VarlinkClient>(*std::move(client));
    return true;
  }

  template <typename Method>
  std::optional<typename Method::Answer> ask(const typename Method::Request& request,
                                             const std::string& what) {
    auto answer = control::call<Method>(*client_, request, session_.timeout);
    if (answer) return *std::move(answer);
    report(session_, answer.error(), what);
    return std::nullopt;
  }

  bool read_config() {
    tl::expected<config::Config, config_files::Errors> config;
    if (order_.config.empty() && client_) {
      const auto answer = ask<control::GetConfig>({}, "configuration");
      if (!answer) return false;
      const std::array<config::SourceText, 1> texts{{{"the daemon's configuration", answer->yaml}}};
      config = config::parse(texts);
      // The same in its own files has the lines that somebody can look up.
      auto files = config_files::load(kHostConfig);
      if (config && files && files->digest == config->digest) config = std::move(files);
    } else {
      if (const auto missing = missing_file("--config", order_.config);
          missing && !order_.config.empty())
        return fail(*missing);
      config = config_files::load(order_.config.empty() ? kHostConfig : order_.config);
    }
    if (!config) {
      for (const config::ConfigError& error : config.error())
        std::fprintf(stderr, "%s\n", config::describe(error).c_str());
      return fail("the configuration is invalid, so no token can be verified by it");
    }
    config_ = *std::move(config);
    return true;
  }

  // With --issuer the others do not exist; --jwks holds the keys of one.
  bool choose_issuer() {
    if (!order_.issuer.empty()) {
      const std::ptrdiff_t index = config_.find_issuer_by_name(order_.issuer);
      if (index < 0) return fail("--issuer: the configuration has no issuer of that name");
      config::Issuer chosen = std::move(config_.issuers[static_cast<std::size_t>(index)]);
      config_.issuers.clear();
      config_.issuers.push_back(std::move(chosen));
    }
    if (!order_.jwks.empty() && config_.issuers.size() != 1) {
      return fail(
          "the configuration has several issuers: say with --issuer NAME whose keys are in "
          "--jwks");
    }
    return true;
  }

  bool all_symmetric() const {
    return std::all_of(config_.issuers.begin(), config_.issuers.end(),
                       [](const config::Issuer& issuer) { return issuer.config.symmetric(); });
  }

  bool add_keys(std::string_view json, WallTime fetched_at, const std::string& where) {
    auto set = jose::JwkSet::parse(json);
    if (!set) {
      const std::string& why = set.error().detail;
      return fail(where + ": is no JWK set" + (why.empty() ? "" : " (" + printable(why) + ")"));
    }
    for (const jose::DroppedKey& key : set->dropped())
      evidence_.notes.push_back("key " + quoted(key.kid) + " is of no use: " + key.why);
    // The daemon takes no set without a usable key: it has no keys then, and no verdict.
    if (set->empty()) evidence_.notes.push_back("no key of the set is usable");
    auto keys = set->empty() ? nullptr : std::make_shared<const jose::JwkSet>(*std::move(set));
    evidence_.snapshot.keys.push_back({.keys = std::move(keys),
                                       .fetched_at = order_.other_now ? now_ : fetched_at,
                                       .generation = 1});
    return true;
  }

  bool read_keys() {
    if (config_.issuers.front().config.symmetric()) {
      return fail("issuer " + quoted(config_.issuers.front().config.name) +
                  " has a symmetric key: it is read from 'symmetric_key_file', not from --jwks");
    }
    const auto text = read_input(order_.jwks, limits::kJwkSetBytes, "--jwks");
    if (!text) return fail(text.error());
    evidence_.keys = "of " + (order_.jwks == kStandardInput ? "standard input" : order_.jwks);
    return add_keys(text->view(), now_, printable(order_.jwks));
  }

  // The daemon never tells a symmetric key: it is read where the daemon reads it. Where it cannot
  // be read, there is no verdict of tokens of that issuer; those of others are verified all the
  // same.
  void read_symmetric(const issuer::IssuerConfig& issuer) {
    const std::string& path = issuer.symmetric_key_file;
    auto key = read_symmetric_key(issuer);
    if (!key) {
      evidence_.snapshot.keys.emplace_back();
      evidence_.notes.push_back("there is no key of issuer " + issuer.name + ": " + key.error());
      return;
    }
    evidence_.snapshot.keys.push_back(
        {.fetched_at = now_,
         .generation = 1,
         .symmetric = std::make_shared<const jose::SymmetricKey>(*std::move(key))});
    evidence_.keys += fmt::format(", {}: {}", issuer.name, printable(path));
  }

  bool ask_keys() {
    evidence_.keys = all_symmetric() ? "of 'symmetric_key_file'" : "of the running daemon";
    for (const config::Issuer& issuer : config_.issuers) {
      if (issuer.config.symmetric()) {
        read_symmetric(issuer.config);
        continue;
      }
      const std::string& name = issuer.config.name;
      const auto answer =
          ask<control::GetKeys>({name}, "issuer " + quoted(name) + " in the daemon");
      if (!answer) return false;
      if (!answer->jwks || !answer->fetched_at) {
        evidence_.snapshot.keys.emplace_back();
        evidence_.notes.push_back("the daemon has no keys of issuer " + name);
        continue;
      }
      if (!add_keys(*answer->jwks, *answer->fetched_at, "the daemon's keys of " + name))
        return false;
      const std::string age = render_span(now_ - *answer->fetched_at);
      evidence_.keys += fmt::format(", {}: {} ({} ago)", name, answer->source, age);
    }
    return true;
  }

  bool read_accounts() {
    std::string passwd;
    std::string group;
    if (order_.sign_in) {
      for (const auto& [file, into] :
           {std::pair("/etc/passwd", &passwd), std::pair("/etc/group", &group)}) {
        const std::string what = order_.root.empty() ? file : std::string("--root: its ") + file;
        const auto text = read_input(order_.root + file, kAccountsMost, what);
        if (!text) return fail(text.error());
        *into = text->view();
      }
    }
    const auto local = accounts::LocalAccounts::parse(passwd, group);
    std::string subuid;
    std::string subgid;
    std::string sources;
    if (!read_if_there("/etc/subuid", subuid) || !read_if_there("/etc/subgid", subgid) ||
        !read_if_there("/etc/nsswitch.conf", sources))
      return false;
    sources_ = accounts::NameSwitch::parse(sources);
    auto taken = std::make_shared<const accounts::TakenNames>(
        accounts::TakenNames::parse(passwd, group).with_subordinate(subuid, subgid));
    if (order_.sign_in && !read_names(std::move(taken))) return false;
    const auto& names = evidence_.snapshot.names;
    evidence_.snapshot.accounts =
        std::make_shared<const accounts::LocalAccounts>(names ? local.with(*names) : local);
    return true;
  }

  bool read_if_there(const std::string& file, std::string& into) {
    const std::string path = order_.root + file;
    if (!order_.sign_in || ::access(path.c_str(), F_OK) != 0) return true;
    const auto text = read_input(path, kAccountsMost, file);
    if (!text) return fail(text.error());
    into = text->view();
    return true;
  }

  // As the daemon would have them: a host that has no file yet has no accounts, and would make them
  // where the configuration says so.
  bool read_names(std::shared_ptr<const accounts::TakenNames> taken) {
    const std::string path = order_.root + kNamesFile;
    accounts::Names names;
    if (::access(path.c_str(), F_OK) == 0) {
      const auto text = read_input(path, limits::kNamesFileBytes, "the names file");
      if (!text) return fail(text.error());
      auto read = accounts::Names::parse(text->view());
      if (!read) return fail("the names file " + read.error().what);
      names = *std::move(read);
    } else if (config_.accounts.make) {
      const bool shown = sources_.unknown_source().empty();
      auto made = accounts::fitted(names, config_.accounts.settings(shown), config_.accounts.groups,
                                   *taken);
      if (!made) return fail(made.error().what);
      names = std::move(made->names);
    }
    evidence_.snapshot.names = std::make_shared<const accounts::ServedNames>(
        std::make_shared<const accounts::Names>(std::move(names)), std::move(taken));
    return true;
  }

  // Bindings and revocations; empty where nobody is there to tell them.
  bool read_lists() {
    std::map<std::string, accounts::Subject, std::less<>> bound;
    std::vector<revocation::Revocation> revoked;
    if (order_.sign_in && client_) {
      if (!ask_bindings(bound) || !ask_revocations(revoked)) return false;
    } else if (order_.sign_in) {
      evidence_.notes.emplace_back(
          "no daemon was asked: nothing is known of revocations and of whom names are bound to");
    }
    std::array<std::uint8_t, 16> key{};
    if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
      return fail("the system gives no random bytes");
    take_feeds();
    evidence_.snapshot.bindings = std::make_shared<const accounts::Bindings>(std::move(bound));
    evidence_.snapshot.revocations = std::make_shared<const revocation::RevocationSet>(
        revocation::RevocationSet::build(revoked, key));
    return true;
  }

  // What other sources than the local store say, the daemon does not tell. They count as fresh and
  // empty, and the answer says so.
  void take_feeds() {
    for (const revocation::FeedPolicy* policy : config_.revocation.feeds()) {
      evidence_.snapshot.feeds.push_back(
          {*policy, revocation::Feed::Known{now_, now_, std::chrono::hours(1)}});
    }
    // Of a token that refers to a status list the decision says that its status is not known.
    for (config::StatusListSource& lists : config_.revocation.status_lists)
      lists.unknown_refuses.clear();
    if (order_.sign_in && !config_.revocation.status_lists.empty())
      evidence_.notes.emplace_back("no status list was looked into");
    if (order_.sign_in && !evidence_.snapshot.feeds.empty()) {
      evidence_.notes.emplace_back(
          "the sources of revocations that are not local were not looked into");
    }
  }

  bool ask_bindings(std::map<std::string, accounts::Subject, std::less<>>& bound) {
    control::BindingsRequest request;
    for (;;) {
      const auto page = ask<control::Bindings>(request, "binding");
      if (!page) return false;
      for (const control::BindingRecord& one : page->bindings)
        bound[one.user] = {one.issuer, one.subject};
      if (!page->more || page->bindings.empty()) return true;
      request.after = page->bindings.back().user;
    }
  }

  bool ask_revocations(std::vector<revocation::Revocation>& revoked) {
    control::RevocationsRequest request;
    for (;;) {
      const auto page = ask<control::Revocations>(request, "revocation");
      if (!page) return false;
      for (const control::RevocationRecord& one : page->revocations) {
        const auto kind = revocation::find_kind(one.kind);
        if (!kind) return fail("the daemon knows kinds of revocations that this tool does not");
        revoked.push_back({one.id, *kind, one.issuer, one.value, one.before.value_or(WallTime{}),
                           one.created_at, one.comment, one.end});
      }
      if (!page->more || page->revocations.empty()) return true;
      request.after = page->revocations.back().id;
    }
  }

  const Session& session_;
  const EvidenceOrder& order_;
  WallTime now_;
  std::unique_ptr<ipc::varlink::VarlinkClient> client_;  // null: no daemon is asked
  config::Config config_;
  accounts::NameSwitch sources_;
  Evidence evidence_;
};

}  // namespace

std::optional<Evidence> gather(const Session& session, const EvidenceOrder& order, WallTime now) {
  return Gathering(session, order, now).run();
}

}  // namespace latchkey::cli
