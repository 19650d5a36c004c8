// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/user_config.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

namespace latchkey::cli {
namespace {

constexpr std::size_t kConfigMost = 65'536;

class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) {}

  UserConfig read(const YAML::Node& root) {
    UserConfig config;
    if (root.IsNull()) return config;
    if (!root.IsMap()) {
      complain(root, "the file is no mapping of keys to values");
      return config;
    }
    std::set<std::string> seen;
    for (const auto& entry : root) {
      if (!entry.first.IsScalar()) {
        complain(entry.first, "a key must be a plain word");
      } else if (!seen.insert(entry.first.Scalar()).second) {
        complain(entry.first, "'" + entry.first.Scalar() + "' stands twice");
      } else {
        read_key(entry.first, entry.second, config);
      }
    }
    return config;
  }

  void complain(const YAML::Node& where, const std::string& what) {
    const YAML::Mark mark = where.Mark();
    errors.push_back(name_ + ":" + std::to_string(mark.line + 1) + ":" +
                     std::to_string(mark.column + 1) + ": " + what);
  }

  std::vector<std::string> errors;

 private:
  void read_key(const YAML::Node& key, const YAML::Node& value, UserConfig& config) {
    const std::string& word = key.Scalar();
    if (word == "version") {
      if (!value.IsScalar() || value.Scalar() != "1") complain(value, "'version' must be 1");
    } else if (word == "hosts") {
      read_hosts(value, config);
    } else if (word == "token_file") {
      if (!value.IsScalar() || value.Scalar().empty())
        complain(value, "'token_file' must be a path");
      else
        config.token_file = value.Scalar();
    } else {
      complain(key, "unknown key '" + word + "' (known: version, hosts, token_file)");
    }
  }

  void read_hosts(const YAML::Node& value, UserConfig& config) {
    if (!value.IsSequence() || value.size() == 0) {
      complain(value,
               "'hosts' must be a list of at least one pattern; leave it out to allow every host");
      return;
    }
    for (const auto& item : value) {
      if (!item.IsScalar() || item.Scalar().empty())
        complain(item, "a host pattern must be a word such as '*.example.com'");
      else
        config.hosts.push_back(item.Scalar());
    }
  }

  std::string name_;
};

}  // namespace

tl::expected<UserConfig, std::vector<std::string>> parse_user_config(const std::string& name,
                                                                     const std::string& text) {
  Reader reader(name);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    UserConfig config = reader.read(documents.empty() ? YAML::Node() : documents.front());
    // Passed over, the second would take its list of hosts with it, and every host would do.
    if (documents.size() > 1) reader.complain(documents[1], "a second document");
    if (reader.errors.empty()) return config;
  } catch (const YAML::Exception& problem) {
    reader.errors.push_back(name + ":" + std::to_string(problem.mark.line + 1) + ":" +
                            std::to_string(problem.mark.column + 1) + ": " + problem.msg);
  }
  return tl::unexpected(std::move(reader.errors));
}

tl::expected<UserConfig, std::vector<std::string>> load_user_config(const std::string& path) {
  const auto problem = [&](const std::string& what) {
    return tl::unexpected(std::vector<std::string>{path + ": " + what});
  };
  if (path.empty()) return UserConfig{};
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return UserConfig{};
    return problem(std::strerror(errno));
  }
  struct stat status {};
  std::string text;
  const bool readable = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const bool trusted = readable && (status.st_uid == ::geteuid() || status.st_uid == 0) &&
                       (status.st_mode & 022U) == 0;
  std::array<char, 4096> buffer{};
  while (trusted && text.size() <= kConfigMost) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(file);
  if (!readable) return problem("is no regular file");
  if (!trusted)
    return problem(
        "belongs to somebody else or can be written by others: it decides where your token goes");
  if (text.size() > kConfigMost) return problem("is larger than 65536 bytes");
  return parse_user_config(path, text);
}

std::string user_config_path(const std::optional<std::string>& config_home,
                             const std::optional<std::string>& home) {
  if (config_home && !config_home->empty() && config_home->front() == '/')
    return *config_home + "/latchkey/config.yaml";
  if (home && !home->empty() && home->front() == '/')
    return *home + "/.config/latchkey/config.yaml";
  return {};
}

}  // namespace latchkey::cli
