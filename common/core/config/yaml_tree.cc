// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml_tree.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/base/limits.h"
#include "core/base/text.h"

namespace latchkey::config {
namespace {

struct Fault {
  int line = 0;
  int column = 0;
  std::string message;
};

// Length of the well-formed UTF-8 sequence at the front (RFC 3629 section 4), or 0.
std::size_t sequence_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xc2 && lead < 0xe0   ? 2
                           : lead >= 0xe0 && lead < 0xf0 ? 3
                           : lead >= 0xf0 && lead < 0xf5 ? 4
                                                         : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) >= 0xa0)) return 0;
  if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) >= 0x90)) return 0;
  return size;
}

// yaml-cpp guesses at encodings and lets control characters pass; a configuration is UTF-8 text.
std::optional<Fault> text_fault(std::string_view text) {
  if (text.size() > limits::kConfigBytes) {
    return Fault{0, 0,
                 "the file is longer than " + std::to_string(limits::kConfigBytes) + " bytes"};
  }
  int line = 1;
  int column = 1;
  while (!text.empty()) {
    const auto size = sequence_size(text);
    const auto lead = static_cast<unsigned char>(text.front());
    if (size == 0) return Fault{line, column, "the text is not UTF-8"};
    if ((lead < 0x20 && lead != '\n' && lead != '\r' && lead != '\t') || lead == 0x7f) {
      return Fault{line, column, "a control character"};
    }
    if (text.starts_with("\xef\xbb\xbf")) return Fault{line, column, "a byte order mark"};
    ++column;
    if (lead == '\n') {
      ++line;
      column = 1;
    }
    text.remove_prefix(size);
  }
  return std::nullopt;
}

// Builds the tree out of yaml-cpp's events. After the first fault the rest is passed over.
class TreeBuilder final : public YAML::EventHandler {
 public:
  std::optional<Fault> fault;
  std::optional<YamlNode> root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases are not supported");
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!usual(mark, "", anchor)) return;
    add(node(mark, YamlNode::Kind::null));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!usual(mark, tag, anchor)) return;
    auto scalar = node(mark, YamlNode::Kind::scalar);
    scalar.text = value;
    scalar.plain = tag != "!";  // yaml-cpp's mark of a quoted scalar
    add(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;  // of a map: read, its value not yet
  };

  static YamlNode node(const YAML::Mark& mark, YamlNode::Kind kind) {
    YamlNode out;
    out.kind = kind;
    out.line = mark.line + 1;
    out.column = mark.column + 1;
    return out;
  }

  void refuse(const YAML::Mark& mark, std::string message) {
    if (!fault) fault = Fault{mark.line + 1, mark.column + 1, std::move(message)};
  }

  bool usual(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "anchors are not supported");
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tags are not supported");
    if (++nodes_ > kYamlNodes) refuse(mark, "more than " + std::to_string(kYamlNodes) + " values");
    return !fault;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    if (!usual(mark, tag, anchor)) return;
    if (stack_.size() >= kYamlDepth)
      return refuse(mark, "nested deeper than " + std::to_string(kYamlDepth) + " levels");
    if (!stack_.empty() && stack_.back().node.kind == YamlNode::Kind::map && !stack_.back().key) {
      return refuse(mark, "a key must be a single value");
    }
    stack_.push_back({node(mark, kind), std::nullopt});
  }

  void close() {
    if (fault) return;
    auto done = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(done));
  }

  void add(YamlNode value) {
    if (stack_.empty()) {
      root = std::move(value);
      return;
    }
    auto& parent = stack_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(value));
    } else if (parent.key) {
      if (value.kind == YamlNode::Kind::null) {  // yaml-cpp places it at whatever comes next
        value.line = parent.key->line;
        value.column = parent.key->column;
      }
      parent.node.members.emplace_back(*std::move(parent.key), std::move(value));
      parent.key.reset();
    } else if (value.kind != YamlNode::Kind::scalar) {
      fault = Fault{value.line, value.column, "a key must be a single value"};
    } else if (value.plain && value.text == "<<") {
      fault = Fault{value.line, value.column, "merge keys are not supported"};
    } else {
      parent.key = std::move(value);
    }
  }

  std::vector<Open> stack_;
  std::size_t nodes_ = 0;
};

// The mark of a document's end turns a quote that is never closed into an error; without it
// yaml-cpp takes a file that was cut in a quoted text.
constexpr std::string_view kEnd = "\n...\n";

// A fault at that place; behind the last line, where only kEnd stands, it is the last line's.
Fault fault_at(const YAML::Mark& mark, std::string_view text, std::string message) {
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  if (mark.line >= lines) return {lines, 1, std::move(message)};
  return {mark.line + 1, mark.column + 1, std::move(message)};
}

// What yaml-cpp throws is caught here, where it is called.
tl::expected<YamlNode, Fault> build(std::string_view text) {
  if (auto fault = text_fault(text)) return tl::unexpected(*std::move(fault));
  try {
    std::istringstream stream(std::string(text) + std::string(kEnd));
    YAML::Parser parser(stream);
    TreeBuilder first;
    TreeBuilder second;
    const bool any = parser.HandleNextDocument(first);
    if (first.fault) return tl::unexpected(*std::move(first.fault));
    if (any && parser.HandleNextDocument(second)) {
      return tl::unexpected(Fault{second.root ? second.root->line : 0, 1, "a second document"});
    }
    return first.root ? *std::move(first.root) : YamlNode{};
  } catch (const YAML::DeepRecursion& e) {
    return tl::unexpected(fault_at(e.mark, text, "nested too deep"));
  } catch (const YAML::Exception& e) {
    return tl::unexpected(fault_at(e.mark, text, "no YAML: " + printable(e.msg)));
  } catch (const std::exception& e) {
    return tl::unexpected(Fault{0, 0, "the file cannot be read as YAML: " + printable(e.what())});
  }
}

}  // namespace

tl::expected<YamlNode, ConfigError> parse_yaml(const SourceText& source) {
  const auto error = [&](Fault fault) {
    return tl::unexpected(
        ConfigError{source.name, fault.line, fault.column, std::move(fault.message)});
  };
  auto root = build(source.text);
  if (!root) return error(std::move(root).error());
  if (root->kind == YamlNode::Kind::null) root->kind = YamlNode::Kind::map;
  if (root->kind != YamlNode::Kind::map)
    return error({root->line, root->column, "the file must hold keys and values"});
  return *std::move(root);
}

tl::expected<YamlNode, ConfigError> parse_yaml_value(std::string_view text) {
  auto value = build(text);
  if (!value) {
    return tl::unexpected(
        ConfigError{"", value.error().line, value.error().column, value.error().message});
  }
  return *std::move(value);
}

std::string describe(const ConfigError& error) {
  std::string out = error.file;
  if (error.line > 0) out += ':' + std::to_string(error.line) + ':' + std::to_string(error.column);
  return out + ": " + error.message;
}

}  // namespace latchkey::config
