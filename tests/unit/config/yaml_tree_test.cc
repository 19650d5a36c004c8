// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/limits.h"

namespace latchkey::config {
namespace {

using namespace std::string_literals;

// The tree in one line: maps {k: v}, lists [a], plain scalars as they are, quoted ones in '…', null
// ~.
std::string shown(const YamlNode& node) {
  std::string out;
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "~";
    case YamlNode::Kind::scalar:
      return node.plain ? node.text : '\'' + node.text + '\'';
    case YamlNode::Kind::list:
      for (const auto& item : node.items) out += (out.empty() ? "" : ", ") + shown(item);
      return '[' + out + ']';
    case YamlNode::Kind::map:
      for (const auto& [key, value] : node.members)
        out += (out.empty() ? "" : ", ") + shown(key) + ": " + shown(value);
      return '{' + out + '}';
  }
  return out;
}

std::string parsed(std::string text) {
  const auto node = parse_yaml({"f", std::move(text)});
  return node ? shown(*node) : describe(node.error());
}

struct Case {
  std::string name;
  std::string text;
  std::string want;
};

TEST(Yaml, IsReadAsItStands) {
  const std::vector<Case> cases = {
      {"an empty file is an empty map", "", "{}"},
      {"a file of comments is too", "# a\n\n# b", "{}"},
      {"a document mark alone is too", "---\n", "{}"},
      {"maps, lists and scalars", "a: 1\nb: [ x, 'y', \"z\" ]\nc:\n  d: ~\n  e:\n",
       "{a: 1, b: [x, 'y', 'z'], c: {d: ~, e: ~}}"},
      {"a duplicate key stays to be seen", "a: 1\na: 2\n", "{a: 1, a: 2}"},
      {"a quoted word is no null", "a: 'null'\nb: null\n", "{a: 'null', b: ~}"},
      {"escapes in quotes", "a: \"x\\ty\"\n", "{a: 'x\ty'}"},
      {"a long text over lines", "a: >\n  b\n  c\n", "{a: 'b c\n'}"},
      {"CR LF", "a: 1\r\nb: 2\r\n", "{a: 1, b: 2}"},
      {"one document with its marks", "---\na: 1\n...\n", "{a: 1}"},
  };
  for (const auto& c : cases) EXPECT_EQ(parsed(c.text), c.want) << c.name;
}

TEST(Yaml, OfASurprisingKindIsRefusedWithItsPlace) {
  const std::vector<Case> cases = {
      {"an anchor", "a: &x 1\n", "f:1:4: anchors are not supported"},
      {"an alias", "a: *x\n", "f:1:4: no YAML: the referenced anchor is not defined"},
      {"an anchored list", "a: &x [ 1 ]\nb: *x\n", "f:1:4: anchors are not supported"},
      {"a merge key", "a:\n  <<: { b: 1 }\n", "f:2:3: merge keys are not supported"},
      {"a tag", "a: !!str 1\n", "f:1:4: tags are not supported"},
      {"a tag of one's own", "a: !x [ 1 ]\n", "f:1:4: tags are not supported"},
      {"a second document", "a: 1\n---\nb: 1\n", "f:3:1: a second document"},
      {"a list at the top", "- a\n", "f:1:1: the file must hold keys and values"},
      {"a text at the top", "hello\n", "f:1:1: the file must hold keys and values"},
      {"a list for a key", "? [ a ]\n: 1\n", "f:1:3: a key must be a single value"},
      {"a map for a key", "{ { a: b }: 1 }\n", "f:1:3: a key must be a single value"},
      {"null for a key", "~: 1\n", "f:1:1: a key must be a single value"},
      {"a tab as indent", "a:\n\tb: 1\n", "f:2:3: no YAML: illegal map value"},
      {"an open list", "a: [ 1\n", "f:2:1: no YAML: end of sequence flow not found"},
      {"an open quote", "a: \"x", "f:1:1: no YAML: illegal document indicator in scalar"},
      {"an open quote before the last newline", "a: \"x\n",
       "f:2:1: no YAML: illegal document indicator in scalar"},
      {"an open single quote", "a: 'x\n", "f:2:1: no YAML: illegal document indicator in scalar"},
      {"NUL", "a: \0\n"s, "f:1:4: a control character"},
      {"ESC", "a: 1\nb: \x1b[2J\n", "f:2:4: a control character"},
      {"DEL", "a\x7f: 1\n", "f:1:2: a control character"},
      {"a byte order mark",
       "\xef\xbb\xbf"
       "a: 1\n",
       "f:1:1: a byte order mark"},
      {"UTF-16",
       "\xff\xfe"
       "a\0:\0"s,
       "f:1:1: the text is not UTF-8"},
      {"an overlong sequence", "a: \xc0\xaf\n", "f:1:4: the text is not UTF-8"},
      {"an overlong sequence of three", "a: \xe0\x80\xaf\n", "f:1:4: the text is not UTF-8"},
      {"a surrogate", "a: \xed\xa0\x80\n", "f:1:4: the text is not UTF-8"},
      {"a character beyond Unicode", "a: \xf4\x90\x80\x80\n", "f:1:4: the text is not UTF-8"},
      {"a cut sequence", "a: \xe2\x82", "f:1:4: the text is not UTF-8"},
      {"columns count characters", "\xc3\xa9: \x01\n", "f:1:4: a control character"},
  };
  for (const auto& c : cases) EXPECT_EQ(parsed(c.text), c.want) << c.name;
}

TEST(Yaml, IsBoundedInDepth) {
  const auto nested = [](std::size_t depth) {
    return "a: " + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "\n";
  };
  EXPECT_TRUE(parse_yaml({"f", nested(kYamlDepth)}));
  EXPECT_EQ(parsed(nested(kYamlDepth + 1)), "f:1:19: nested deeper than 16 levels");
  for (const std::string piece : {"[", "{ a: ", "- ", "? ", "a: {b: [", "[[{"}) {
    std::string text = "a: ";
    while (text.size() < 300'000) text += piece;
    EXPECT_FALSE(parse_yaml({"f", text})) << piece;
  }
}

TEST(Yaml, IsBoundedInSizeAndNumber) {
  std::string text = "a: 1\n#";
  EXPECT_TRUE(parse_yaml({"f", text + std::string(limits::kConfigBytes - text.size(), 'x')}));
  EXPECT_EQ(parsed(text + std::string(limits::kConfigBytes - text.size() + 1, 'x')),
            "f: the file is longer than 1048576 bytes");

  const auto list = [](std::size_t items) {
    std::string out = "a: [ 1";
    for (std::size_t i = 1; i < items; ++i) out += ",1";
    return out + " ]\n";
  };
  EXPECT_TRUE(parse_yaml({"f", list(kYamlNodes - 3)})) << "besides the map, its key and the list";
  EXPECT_FALSE(parse_yaml({"f", list(kYamlNodes - 2)}));
}

}  // namespace
}  // namespace latchkey::config
