// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/revocation_set.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "core/base/mutation.h"

namespace latchkey::revocation {

RevocationSet::RevocationSet(const HashSecret& secret, std::shared_ptr<const Names> names,
                             Sources sources, Called called)
    : secret_(secret),
      names_(std::move(names)),
      sources_(std::move(sources)),
      called_(std::move(called)) {
  for (const auto& source : sources_) {
    if (source->secret() != secret_) std::abort();
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind)
      kinds_[kind] = kinds_[kind] || source->has(static_cast<EntryKind>(kind));
  }
}

RevocationSet RevocationSet::build(std::span<const Revocation> revocations,
                                   std::span<const std::uint8_t, 16> key) {
  HashSecret secret;
  std::copy(key.begin(), key.end(), secret.begin());
  const auto tokens = std::count_if(revocations.begin(), revocations.end(),
                                    [](const Revocation& each) { return is_many(each.kind); });
  auto names = std::make_shared<const Names>();
  SourceBuilder builder(secret, static_cast<std::size_t>(tokens), WallTime{});
  for (const auto& each : revocations)
    if (const auto entry = entry_of(each, *names)) builder.add(*entry);
  return RevocationSet(secret, std::move(names),
                       {std::make_shared<const Source>(builder.finish())});
}

RevocationSet RevocationSet::with(std::shared_ptr<const Source> source) const {
  Sources sources = sources_;
  sources.push_back(std::move(source));
  return RevocationSet(secret_, names_, std::move(sources), called_);
}

bool RevocationSet::contains(std::uint64_t hash) const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [hash](const auto& source) { return source->contains(hash); });
}

// Each place in each table is asked for before the first is looked at, so that one read from memory
// does not wait for another.
std::optional<Reason> RevocationSet::find_many(const claims::Claims& claims) const {
  struct Probe {
    EntryKind kind;
    Reason reason;
    std::uint64_t hash = 0;
    bool wanted = false;
  };
  std::array probes = {Probe{EntryKind::token, Reason::revoked_token},
                       Probe{EntryKind::token_hash, Reason::revoked_token},
                       Probe{EntryKind::session, Reason::revoked_session}};
  for (Probe& probe : probes) {
    if (!has(probe.kind)) continue;
    std::optional<NameDigest> digest;
    if (probe.kind == EntryKind::token_hash) {
      digest = digest_of_token_hash(claims.token_digest);
      if (!digest) continue;
    } else {
      const auto value = probe.kind == EntryKind::token ? claims.token_id : claims.session;
      if (value.empty()) continue;
      digest = names_->digest(probe.kind, claims.issuer, value);
      if (!digest) return Reason::internal_error;
    }
    probe.wanted = true;
    probe.hash = name_hash(secret_, probe.kind, *digest);
    for (const auto& source : sources_) source->prefetch(probe.hash);
  }
  const auto holds = [&](const Probe& probe) { return probe.wanted && contains(probe.hash); };
  if (LATCHKEY_FAILS(revoked_token, holds(probes[0])) ||
      LATCHKEY_FAILS(revoked_token_hash, holds(probes[1]))) {
    return Reason::revoked_token;
  }
  if (LATCHKEY_FAILS(revoked_session, holds(probes[2]))) return Reason::revoked_session;
  return std::nullopt;
}

// A token without `iat` may be of any age, so it counts as issued before any moment.
bool RevocationSet::subject_revoked(const NameDigest& subject, const claims::Claims& claims) const {
  return std::any_of(sources_.begin(), sources_.end(), [&](const auto& source) {
    const auto* mark = source->find(EntryKind::subject, subject);
    if (mark == nullptr) return false;
    return LATCHKEY_FAILS(revoked_undated, !claims.issued_at) ||
           (claims.issued_at && LATCHKEY_FAILS(revoked_before, *claims.issued_at < mark->before));
  });
}

std::optional<Reason> RevocationSet::find_few(const claims::Claims& claims) const {
  if (LATCHKEY_FAILS(revoked_key, key_revoked(claims.key_id))) return Reason::revoked_key;
  if (!has(EntryKind::subject) || claims.subject.empty()) return std::nullopt;
  const auto subject = names_->digest(EntryKind::subject, claims.issuer, claims.subject);
  if (!subject) return Reason::internal_error;
  if (LATCHKEY_FAILS(revoked_subject, subject_revoked(*subject, claims)))
    return Reason::revoked_subject;
  return std::nullopt;
}

std::optional<Reason> RevocationSet::find(const claims::Claims& claims) const {
  const auto reason = find_many(claims);
  return reason ? reason : find_few(claims);
}

bool RevocationSet::key_revoked(std::string_view thumbprint) const {
  const auto key = has(EntryKind::key) ? digest_of_key(thumbprint) : std::nullopt;
  return key && std::any_of(sources_.begin(), sources_.end(), [&](const auto& source) {
           return source->find(EntryKind::key, *key) != nullptr;
         });
}

bool RevocationSet::user_revoked(std::string_view user) const {
  if (user.empty() || !has(EntryKind::user)) return false;
  const auto digest = names_->digest(EntryKind::user, {}, user);
  return !digest || std::any_of(sources_.begin(), sources_.end(), [&](const auto& source) {
    return source->find(EntryKind::user, *digest) != nullptr;
  });
}

// A set of one source at a time gives the same answers as all of them together.
std::string RevocationSet::revoked_by(const claims::Claims& claims) const {
  std::string all;
  for (const auto& source : sources_) {
    const auto called = called_.find(source.get());
    if (called == called_.end() || !RevocationSet(secret_, names_, {source}).find(claims)) continue;
    all += (all.empty() ? "" : ", ") + called->second;
  }
  return all;
}

std::string RevocationSet::revoked_by(std::string_view user) const {
  std::string all;
  for (const auto& source : sources_) {
    const auto called = called_.find(source.get());
    if (called == called_.end() || !RevocationSet(secret_, names_, {source}).user_revoked(user))
      continue;
    all += (all.empty() ? "" : ", ") + called->second;
  }
  return all;
}

std::size_t RevocationSet::size() const {
  std::size_t size = 0;
  for (const auto& source : sources_) size += source->size();
  return size;
}

}  // namespace latchkey::revocation
