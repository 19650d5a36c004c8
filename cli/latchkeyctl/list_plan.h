// SPDX-License-Identifier: Apache-2.0
//
// How a list goes from one version to the next, and how a manifest is signed: for those who make
// lists, and snapshots of streams.
#pragma once

#include <string>

#include "cli/latchkeyctl/list_files.h"
#include "cli/latchkeyctl/list_set.h"
#include "core/jose/signing/key_material.h"
#include "core/revocation/list_manifest.h"

namespace latchkey::cli {

// The next plan, from the last one and the change that led on from it; its chunks are written.
// Readers would take it.
ListStepResult<revocation::ListManifest> next_plan(const ListFolder& folder,
                                                   const revocation::ListManifest& last,
                                                   const ListRows& rows, const ListChange& change,
                                                   const Reasons& reasons, bool full);

// Whether there are no more subjects, keys and users than a reader takes.
ListStepResult<void> check_few(const ListRows& rows);

// A key that may sign a list.
ListStepResult<jose::KeyMaterial> read_signing_key(const std::string& path);

// The manifest, signed: steps and version, and its issued_at, max_age and seen.
ListStepResult<std::string> sign_manifest(const revocation::ListManifest& plan,
                                          const std::string& issuer, const jose::KeyMaterial& key);

}  // namespace latchkey::cli
