// SPDX-License-Identifier: Apache-2.0
//
// The key table in words: the example that is shipped, and the reference. Both are files of the
// tree that a test holds against these functions.
#pragma once

#include <string>

namespace latchkey::config {

// config/latchkey.yaml: a configuration that parses, with every key explained; what is optional is
// commented out.
std::string commented_example();

// docs/CONFIGURATION.md, as Markdown.
std::string reference();

}  // namespace latchkey::config
