// SPDX-License-Identifier: Apache-2.0
//
// The folder of a revocation list, as a web server serves it: chunks/ and manifest.jwt, and beside
// them manifest.json, which is the list before it is signed. Files are written whole or not at all,
// and readable by everybody; a chunk never changes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "cli/latchkeyctl/list_set.h"
#include "core/jose/sha256.h"
#include "core/revocation/list_manifest.h"

namespace latchkey::cli {

template <typename T>
using ListStepResult = tl::expected<T, std::string>;  // a sentence for whoever runs the tool

class ListFolder {
 public:
  explicit ListFolder(std::string path) : path_(std::move(path)) {}

  // Makes the folders that are not there.
  ListStepResult<void> create() const;

  // Nothing where no list was ever built here.
  ListStepResult<std::optional<revocation::ListManifest>> read_plan() const;
  ListStepResult<void> write_plan(const revocation::ListManifest& plan) const;
  bool is_signed() const;  // there is a signed one
  ListStepResult<std::string> read_signed() const;
  ListStepResult<void> write_signed(std::string_view token) const;

  // Writes what a change needs that is not there yet, and names it.
  ListStepResult<std::vector<revocation::ListChunk>> write_chunks(const ListChange& change,
                                                                  const Reasons& reasons) const;
  // Reads and checks what a step names.
  ListStepResult<ListChange> read_step(const revocation::ListStep& step, Reasons& reasons) const;
  // The set that steps lead to, from nothing.
  ListStepResult<ListRows> read_rows(std::span<const revocation::ListStep* const> steps,
                                     Reasons& reasons) const;

 private:
  std::string chunk_path(const std::string& sha256) const;
  ListStepResult<revocation::ListChunk> write_chunk(revocation::ListChunk chunk,
                                                    const std::string& bytes) const;

  std::string path_;
  jose::Sha256 sha256_;
};

// {"format":1,"version":…,"steps":…}
std::string plan_text(const revocation::ListManifest& plan);

}  // namespace latchkey::cli
