// SPDX-License-Identifier: Apache-2.0
//
// The file latchkey.sqlite itself: where it may stand, who may have written it, and its schema
// through the versions.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "daemon/latchkeyd/io/sqlite.h"

namespace latchkey::latchkeyd::state_file {

// Looks at the folder and at the file, makes the file (0600) where there is none, and gives its
// path without symbolic links. Refused (state_unavailable): a folder or file that others may write
// to, that is not ours, or is no plain file.
Expected<std::string> prepare(const std::string& directory, std::string_view name);

// Takes the file for this process alone, checks it, and brings its schema to the current version in
// one transaction.
Expected<void> migrate(const std::string& path, sqlite::Connection& connection);

// What an administrator reads where the file cannot be used; for damage it says what there is to
// do.
Error unusable(const std::string& path, const sqlite::Failure& failure);
Error damaged(const std::string& path, std::string_view why);

}  // namespace latchkey::latchkeyd::state_file
