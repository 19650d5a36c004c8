// SPDX-License-Identifier: Apache-2.0
//
// What has been revoked, by all sources, as one immutable set that every decision looks into. A
// name is digested once and looked for in each source; what one of them has is revoked, whatever
// the others say. A look-up takes no lock and keeps no memory; where no source has an entry of a
// kind, nothing of that kind is hashed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/reason.h"
#include "core/claims/validated_claims.h"
#include "core/revocation/revocation.h"
#include "core/revocation/source.h"

namespace latchkey::revocation {

class RevocationSet {
 public:
  using Sources = std::vector<std::shared_ptr<const Source>>;
  // How administrators call them ("list fleet"); one that is not there is not named.
  using Called = std::map<const Source*, std::string>;

  // All sources have one secret, else it aborts: none of their entries would be found. `names` may
  // serve any number of sets.
  RevocationSet(const HashSecret& secret, std::shared_ptr<const Names> names, Sources sources,
                Called called = {});

  // Of one source that says these. `key` is a secret of this process, so that nobody can aim for a
  // collision; 16 bytes. An entry without a value names nothing and is passed over.
  static RevocationSet build(std::span<const Revocation> revocations,
                             std::span<const std::uint8_t, 16> key);

  // The same with another source, which has the same secret.
  RevocationSet with(std::shared_ptr<const Source> source) const;

  // revoked_token, revoked_session, revoked_key or revoked_subject, where one of them holds;
  // internal_error where a name could not be digested (memory).
  std::optional<Reason> find(const claims::Claims& claims) const;
  // Also where the name could not be digested (memory).
  bool user_revoked(std::string_view user) const;
  // By the key's thumbprint (RFC 7638); false of what is none.
  bool key_revoked(std::string_view thumbprint) const;
  std::size_t size() const;

  // The sources that revoke what was refused, for the administrator: "list fleet, stream now";
  // empty where none has a name. Looks once more; for a refusal only.
  std::string revoked_by(const claims::Claims& claims) const;
  std::string revoked_by(std::string_view user) const;

 private:
  bool has(EntryKind kind) const { return kinds_[static_cast<std::size_t>(kind)]; }
  bool contains(std::uint64_t hash) const;
  std::optional<Reason> find_many(const claims::Claims& claims) const;
  std::optional<Reason> find_few(const claims::Claims& claims) const;
  bool subject_revoked(const NameDigest& subject, const claims::Claims& claims) const;

  HashSecret secret_;
  std::shared_ptr<const Names> names_;
  Sources sources_;
  Called called_;
  std::array<bool, kEntryKinds> kinds_{};  // which of them any source has
};

}  // namespace latchkey::revocation
