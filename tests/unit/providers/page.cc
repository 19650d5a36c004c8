// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/page.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>

#include <gtest/gtest.h>

#include "core/config/dump.h"
#include "core/config/keys.h"
#include "core/config/parse.h"
#include "core/jose/jwk_set.h"
#include "tests/support/golden.h"
#include "tests/support/signing.h"

namespace latchkey::testing {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(LATCHKEY_SOURCE_DIR) / "docs/providers";

struct Block {
  std::string mark;  // "configuration", "payload, alice by sshd"
  std::string text;
};

std::vector<Block> blocks_of(const std::string& page) {
  constexpr std::string_view kMark = "<!-- test: ";
  std::vector<Block> blocks;
  std::optional<Block> open;
  bool fenced = false;
  std::istringstream lines(page_text(page));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kMark)) {
      open = Block{line.substr(kMark.size(), line.size() - kMark.size() - 4), ""};
    } else if (open && line.starts_with("```")) {
      if (fenced) blocks.push_back(*std::exchange(open, std::nullopt));
      fenced = !fenced;
    } else if (open && fenced) {
      open->text += line + '\n';
    }
  }
  EXPECT_FALSE(open) << page << ": a mark without a block";
  return blocks;
}

// "payload, alice by sshd in developers sre: access_denied"
PageToken token_of(const Block& block, const Json& header) {
  PageToken token{header, Json::parse(block.text), {}, {}, {}};
  std::string words = block.mark.substr(block.mark.find(' ') + 1);
  if (const auto colon = words.find(": "); colon != std::string::npos) {
    token.reason = words.substr(colon + 2);
    words.resize(colon);
  }
  std::istringstream in(words);
  std::string word;
  in >> token.user >> word >> token.service >> word;
  while (in >> word) token.groups.push_back(word);
  return token;
}

std::vector<Scene> scenes_of(const std::string& page) {
  std::vector<Scene> scenes;
  Json header;
  for (const Block& block : blocks_of(page)) {
    if (block.mark == "configuration") {
      scenes.push_back({page, block.text, {}, {}});
    } else if (block.mark == "expands to") {
      scenes.back().expands_to = block.text;
    } else if (block.mark == "header") {
      header = Json::parse(block.text);
    } else if (block.mark.starts_with("payload, ")) {
      scenes.back().tokens.push_back(token_of(block, header));
    } else {
      ADD_FAILURE() << page << ": unknown mark " << block.mark;
    }
  }
  return scenes;
}

std::vector<Scene> read_all() {
  std::vector<Scene> all;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string name = entry.path().stem();
    if (name == "README") continue;
    for (Scene& scene : scenes_of(name)) all.push_back(std::move(scene));
  }
  return all;
}

Snapshot host_of(std::shared_ptr<const config::Config> config, std::string_view keys,
                 WallTime now) {
  Snapshot snapshot;
  auto set = jose::JwkSet::parse(keys);
  EXPECT_TRUE(set);
  const auto shared = std::make_shared<const jose::JwkSet>(*std::move(set));
  for (std::size_t i = 0; i < config->issuers.size(); ++i)
    snapshot.keys.push_back({.keys = shared, .fetched_at = now, .generation = 1});
  snapshot.config = std::move(config);
  constexpr std::array<std::uint8_t, 16> kKey{};
  snapshot.revocations =
      std::make_shared<const revocation::RevocationSet>(revocation::RevocationSet::build({}, kKey));
  snapshot.accounts =
      std::make_shared<const accounts::LocalAccounts>(accounts::LocalAccounts::parse(
          "root:x:0:0:::\nalice:x:1000:1000:::\nbob:x:1001:1001:::\ndeploy:x:1002:1002:::\n",
          "root:x:0:\nsudo:x:27:\ndevelopers:x:2001:\nsre:x:2002:\n"));
  snapshot.bindings = std::make_shared<const accounts::Bindings>();
  snapshot.number = 1;
  return snapshot;
}

}  // namespace

std::string page_text(const std::string& page) {
  const auto text = test::read_text(kFolder / (page + ".md"));
  EXPECT_TRUE(text) << "docs/providers/" << page << ".md is missing";
  return text.value_or("");
}

const std::vector<Scene>& scenes() {
  static const std::vector<Scene> all = read_all();
  return all;
}

const Scene& scene(const std::string& page, std::size_t number) {
  for (const Scene& each : scenes()) {
    if (each.page == page && number-- == 0) return each;
  }
  ADD_FAILURE() << "there is no such scene of " << page;
  std::abort();
}

std::shared_ptr<const config::Config> parsed(const Scene& scene) {
  const std::vector<config::SourceText> sources = {
      {"docs/providers/" + scene.page + ".md", scene.configuration}};
  auto config = config::parse(sources);
  if (!config) {
    for (const auto& error : config.error()) ADD_FAILURE() << describe(error);
    std::abort();
  }
  return std::make_shared<const config::Config>(*std::move(config));
}

std::string expansion(const config::Config& config) {
  std::string out;
  std::istringstream lines(config::marked_dump(config));
  std::string section;
  const std::string mark = "  # by provider: " + config.issuers.front().config.provider;
  for (std::string line; std::getline(lines, line);) {
    const auto indent = line.find_first_not_of(" -");
    if (indent == 4 && line.ends_with(':')) section = line.substr(4, line.size() - 5) + '.';
    if (indent == 4 && !line.ends_with(':')) section.clear();
    if (!line.ends_with(mark)) continue;
    out += section + line.substr(indent, line.size() - indent - mark.size()) + '\n';
  }
  return out;
}

Decision sign_in(const Scene& scene, const PageToken& token) {
  const auto config = parsed(scene);
  const SigningKey& key = signing_key(jose::Algorithm::rs256);
  Json jwk = Json::parse(key.jwk());
  jwk["kid"] = token.header.value("kid", "");
  const WallTime now{std::chrono::seconds(token.payload.value("iat", 0) + 60)};
  const Snapshot snapshot = host_of(config, Json{{"keys", {jwk}}}.dump(), now);
  LoginRequest request;
  request.operation = Operation::authenticate;
  request.service = token.service;
  request.user = token.user;
  jose::Scratch scratch;
  auto result =
      decide(key.token(token.header.dump(), token.payload.dump()), request, snapshot, now, scratch);
  if (auto* need = std::get_if<NeedKeys>(&result)) return std::move(need->otherwise);
  return std::get<Decision>(std::move(result));
}

}  // namespace latchkey::testing
