// SPDX-License-Identifier: Apache-2.0
//
// The one table of the verifier's checks, so that `./test mutation` can ask of each of them whether
// a test would notice its absence. A check stands in the code as
//
//   if (LATCHKEY_FAILS(kid_too_long, kid.size() > limits::kKidBytes)) return fail(...);
//
// In every build that is installed this is the condition and nothing else. In the build `mutation`,
// which is never installed, the row whose index the test program was given never fails. Where a
// check says that something is there, what is behind it takes
//
//   LATCHKEY_CHECKED(kid, std::string_view())
//
// which is *kid in every build that is installed; in the build `mutation` it goes on with the other
// value where there is none, so that a test has to see what became of it: that a program dies of an
// empty optional shows that the line was reached, and nothing about what would be accepted. Not in
// the table are: what hands on the refusal of a check that is in it; what says that there is
// nothing to go on with (no key was found, no rule is for the service, the JSON is none); what only
// repeats what the library behind it holds as well (the byte order mark, a key that OpenSSL does
// not take); and what says that memory or OpenSSL failed, which no token can bring about.
#pragma once

// NOLINTBEGIN(cppcoreguidelines-macro-usage): one list makes enumerators, names and their number; a
// condition that is to be compiled to itself cannot go through a function.
// clang-format off
#define LATCHKEY_VERIFIER_CHECKS(ROW)                                                              \
  /* The form of a token: core/jose/base64url, json, compact_jws */                                \
  ROW(token_missing)           ROW(token_too_long)         ROW(token_json_serialisation)           \
  ROW(token_no_dot)            ROW(token_part_encoding)    ROW(token_opaque_encoding)              \
  ROW(token_two_dots_least)    ROW(token_two_dots_most)    ROW(token_encrypted)                    \
  ROW(token_part_too_long)     ROW(token_part_no_object)   ROW(base64url_length)                   \
  ROW(base64url_alphabet)      ROW(base64url_last_letters) ROW(base64url_spare_bits)               \
  ROW(json_too_long)           ROW(json_too_deep)          ROW(json_duplicate_name)                \
  ROW(json_many_duplicates)    ROW(json_members)           ROW(json_name_other)                    \
  ROW(signature_too_long)                                                                          \
  ROW(signature_encoding)      ROW(base64url_room)                                                 \
  /* The header */                                                                                 \
  ROW(header_member_type)      ROW(header_crit)            ROW(header_b64)                         \
  ROW(header_zip)              ROW(header_cty_jwt)         ROW(header_kid_too_long)                \
  ROW(header_alg_absent)       ROW(header_alg_unknown)                                             \
  /* A JWK and its set: core/jose/jwk, rsa_modulus, ed25519, jwk_set */                            \
  ROW(jwk_no_object)           ROW(jwk_kid_type)           ROW(jwk_kid_too_long)                   \
  ROW(jwk_private_member)      ROW(jwk_use)                ROW(jwk_key_ops_type)                   \
  ROW(jwk_key_ops_value_type)  ROW(jwk_key_ops_repeated)   ROW(jwk_key_ops_verify)                 \
  ROW(jwk_use_key_ops)                                                                             \
  ROW(jwk_kty_absent)          ROW(jwk_member_absent)      ROW(jwk_member_encoding)                \
  ROW(jwk_number_form)         ROW(jwk_rsa_too_short)      ROW(jwk_rsa_too_long)                   \
  ROW(jwk_rsa_exponent_long)   ROW(jwk_rsa_exponent_even)  ROW(jwk_rsa_exponent_small)             \
  ROW(jwk_rsa_modulus_even)    ROW(jwk_rsa_small_factor)   ROW(jwk_rsa_roca)                       \
  ROW(jwk_ec_coordinate_size)  ROW(jwk_ec_point)           ROW(jwk_okp_curve)                      \
  ROW(jwk_okp_canonical)       ROW(jwk_okp_small_order)    ROW(jwk_alg_type)                       \
  ROW(jwk_alg_unfit)           ROW(jwk_alg_pins)           ROW(jwks_no_array)                      \
  ROW(jwks_too_many_keys)      ROW(jwks_ambiguous_kid)     ROW(jwks_repeated_key)                  \
  ROW(jwks_keys_absent)        ROW(jwk_kty_other)          ROW(jwk_ec_curve)                       \
  ROW(jwk_okp_size)                                                                                \
  /* Key and signature: core/verify, core/jose/select_key, signature, ecdsa_form, ed25519 */       \
  ROW(issuer_absent)           ROW(issuer_unknown)         ROW(algorithm_not_allowed)              \
  ROW(keys_missing)            ROW(keys_stale)             ROW(key_other_kid)                      \
  ROW(key_unfit)               ROW(key_dropped)            ROW(key_unfit_without_kid)              \
  ROW(key_ambiguous)           ROW(rsa_signature_size)     ROW(ecdsa_signature_size)               \
  ROW(ecdsa_number_zero)       ROW(ecdsa_number_order)     ROW(ed25519_signature_size)             \
  ROW(ed25519_signature_order) ROW(signature_form)         ROW(signature_invalid)                  \
  ROW(signature_key_unfit)     ROW(issuer_without_keys)                                            \
  /* An issuer's symmetric key: core/verify, core/jose/symmetric_key */                            \
  ROW(mac_issuer_other)        ROW(mac_algorithm_other)    ROW(mac_kid_other)                      \
  ROW(mac_invalid)             ROW(symmetric_type)         ROW(symmetric_too_short)                \
  ROW(symmetric_alg_other)     ROW(symmetric_key_absent)   ROW(symmetric_key_form)                 \
  ROW(mac_issuer_unknown)      ROW(mac_key_algorithm)      ROW(mac_check_algorithm)                \
  ROW(mac_size)                                                                                    \
  /* Claims: core/claims */                                                                        \
  ROW(type_never)              ROW(type_header)            ROW(type_events)                        \
  ROW(type_confirmation)       ROW(type_payload)           ROW(type_kind)                          \
  ROW(type_payload_absent)     ROW(type_payload_other)                                             \
  ROW(aud_absent)              ROW(aud_value_type)         ROW(aud_too_many)                       \
  ROW(aud_other)               ROW(date_type)              ROW(date_range)                         \
  ROW(date_fraction_range)                                                                         \
  ROW(exp_absent)              ROW(exp_passed)             ROW(nbf_ahead)                          \
  ROW(iat_ahead)               ROW(iat_absent)             ROW(iat_too_old)                        \
  ROW(lifetime_too_long)       ROW(iss_absent)             ROW(iss_other)                          \
  ROW(client_other)            ROW(client_absent)          ROW(azp_other)                          \
  ROW(required_absent)         ROW(required_other)         ROW(sub_absent)                         \
  ROW(sub_empty)               ROW(claim_string_type)      ROW(claim_string_too_long)              \
  ROW(claim_list_too_long)     ROW(claim_list_value)       ROW(user_claim_absent)                  \
  ROW(user_suffix)             ROW(user_none)              ROW(user_table_lacks)                   \
  ROW(user_template_empty)     ROW(bind_claim_absent)      ROW(groups_overage)                     \
  ROW(groups_hasgroups)                                                                            \
  ROW(email_unverified)        ROW(user_suffix_alone)                                              \
  /* Introspection: core/claims, core/introspection, core/opaque, core/judge */                    \
  ROW(answer_active_type)      ROW(answer_inactive)                                                \
  ROW(answer_confirmation)     ROW(answer_token_type)      ROW(answer_token_type_absent)           \
  ROW(type_events_answered)    ROW(type_kind_answered)     ROW(header_required_absent)             \
  ROW(answer_form)             ROW(answer_json)            ROW(answer_jwt_type)                    \
  ROW(answer_jwt_algorithm)    ROW(answer_jwt_issuer)      ROW(answer_jwt_audience)                \
  ROW(answer_jwt_iat_absent)   ROW(answer_jwt_iat_ahead)   ROW(answer_jwt_iat_old)                 \
  ROW(answer_jwt_expired)      ROW(answer_jwt_claims)      ROW(answer_jwt_keys)                    \
  ROW(answered_issuer_other)   ROW(answered_subject_other) ROW(answered_token_id_other)            \
  ROW(answered_expired)        ROW(introspection_absent)   ROW(introspection_other)                \
  ROW(introspection_off)       ROW(introspection_down)     ROW(introspection_inactive)             \
  ROW(opaque_prefix_other)     ROW(opaque_service_other)   ROW(opaque_section_other)               \
  ROW(opaque_looks_signed)     ROW(opaque_too_short)       ROW(opaque_alphabet)                    \
  ROW(opaque_issuer_off)       ROW(opaque_none_configured) ROW(opaque_too_long)                    \
  ROW(answered_claims)         ROW(answered_user_other)    ROW(answered_user_suffix)               \
  ROW(answered_lifetime)       ROW(answer_jwt_nbf_ahead)   ROW(opaque_no_bearer)                   \
  ROW(opaque_parts)                                                                                \
  /* A remembered token: recheck() of core/verify */                                               \
  ROW(recheck_issuer_gone)     ROW(recheck_issuer_other)   ROW(recheck_configuration)              \
  ROW(recheck_keys)            ROW(recheck_key_withdrawn)  ROW(recheck_lifetime)                   \
  ROW(recheck_symmetric)       ROW(recheck_key_unfit)                                              \
  /* Where keys may come from: core/issuer */                                                      \
  ROW(url_too_long)            ROW(url_scheme)             ROW(url_fragment)                       \
  ROW(url_user)                ROW(url_host_absent)        ROW(url_host_too_long)                  \
  ROW(url_label_empty)         ROW(url_label_too_long)     ROW(url_label_dash)                     \
  ROW(url_label_bytes)         ROW(url_host_number)        ROW(url_port_number)                    \
  ROW(url_port_zero)           ROW(url_bytes)              ROW(url_escape_cut)                     \
  ROW(url_escape_digits)       ROW(origin_path)            ROW(origin_query)                       \
  ROW(url_origin_other)        ROW(metadata_no_object)     ROW(metadata_member_absent)             \
  ROW(metadata_member_type)    ROW(metadata_issuer_other)  ROW(fetch_too_soon)                     \
  /* Revocation: core/revocation, core/judge */                                                    \
  ROW(revoked_token)           ROW(revoked_subject)        ROW(revoked_user)                       \
  ROW(revoked_own_name)                                                                            \
  ROW(revoked_last_seen)       ROW(revoked_undated)        ROW(revoked_before)                     \
  ROW(revoked_token_hash)      ROW(revoked_session)        ROW(revoked_key)                        \
  ROW(revoked_added)           ROW(revoked_base)            ROW(revoked_end_unsigned)              \
  /* How old what is known of them may be: core/revocation/feed, core/judge */                     \
  ROW(feed_stale)              ROW(feed_ahead)              ROW(feed_absent)                       \
  ROW(feed_refuses)            ROW(snapshot_lacks_feeds)    ROW(feed_retry_after)                  \
  /* Lists of revocations: core/revocation/list_manifest, list_chunk */                            \
  ROW(list_integer)            ROW(list_range)              ROW(list_text)                         \
  ROW(list_member_unknown)     ROW(list_kind)               ROW(list_op)                           \
  ROW(list_reasons_removed)    ROW(list_removes_of_nothing) ROW(list_sha256)                       \
  ROW(list_size)               ROW(list_end_misplaced)      ROW(list_too_many_chunks)              \
  ROW(list_step_twice)         ROW(list_dead_end)           ROW(list_way_too_long)                 \
  ROW(list_issuer)             ROW(list_format)             ROW(list_too_many_steps)               \
  ROW(list_type)               ROW(list_ahead)              ROW(list_rollback)                     \
  ROW(list_chunk_order)        ROW(list_chunk_moment)       ROW(list_reason_kind)                  \
  ROW(list_reason_empty)       ROW(list_reason_text)        ROW(list_reason_order)                 \
  ROW(list_reason_count)       ROW(list_chunk_size)         ROW(list_chunk_digest)                 \
  ROW(list_key_shared)         ROW(list_few_begun)          ROW(list_few_changed)                  \
  ROW(list_key_of_issuer)      ROW(list_not_newer)          ROW(list_key_withdrawn)                \
  /* Items of other sources, one at a time: core/revocation/signed_item */                         \
  ROW(item_type)               ROW(item_text_type)          ROW(item_text_size)                    \
  ROW(item_text_absent)        ROW(item_iat_absent)         ROW(item_ahead)                        \
  ROW(item_not_before)         ROW(item_expired)                                                   \
  /* Status lists: core/revocation/status_list, status_list_token */                               \
  ROW(status_form)             ROW(status_index)            ROW(status_uri)                        \
  ROW(status_uri_absent)       ROW(status_absent)           ROW(status_mechanism)                  \
  ROW(status_no_source)        ROW(status_place_other)      ROW(status_place_dots)                 \
  ROW(status_place_issuer)     ROW(status_place_form)       ROW(status_not_held)                   \
  ROW(status_lapsed)           ROW(status_list_expired)     ROW(status_key_gone)                   \
  ROW(status_out_of_range)     ROW(status_revoked)          ROW(status_suspended)                  \
  ROW(status_refuses)          ROW(status_held_issuer)      ROW(snapshot_lacks_statuses)           \
  ROW(tsl_issuer)              ROW(tsl_subject)             ROW(tsl_old)                           \
  ROW(tsl_ttl)                 ROW(tsl_bits)                ROW(tsl_too_large)                     \
  ROW(tsl_bytes_behind)        ROW(tsl_empty)               ROW(tsl_index)                         \
  ROW(tsl_form)                                                                                    \
  /* Security events: core/revocation/event_subject, revoking_event, security_event, set_poll */   \
  ROW(subject_foreign)         ROW(subject_aliases_nested)  ROW(subject_aliases_form)              \
  ROW(subject_aliases_many)    ROW(event_credential_made)   ROW(set_issuer)                        \
  ROW(set_aud_absent)          ROW(set_aud_form)            ROW(set_aud_other)                     \
  ROW(set_id_other)            ROW(set_nonce)               ROW(set_events_form)                   \
  ROW(set_events_many)         ROW(set_event_form)          ROW(set_logout_event)                  \
  ROW(set_logout_endless)      ROW(set_logout_nobody)       ROW(set_moment_later)                  \
  ROW(poll_sets)               ROW(poll_too_many)           ROW(poll_more)                         \
  ROW(poll_id)                 ROW(set_algorithm)           ROW(events_name_taken)                 \
  ROW(events_issuer)           ROW(events_symmetric)        ROW(events_known)                      \
  ROW(events_unsettled)        ROW(events_unstored)         ROW(events_keys_stale)                 \
  ROW(events_twice)           ROW(events_age)             ROW(subject_all_foreign)                 \
  ROW(set_all_bad)            ROW(set_moment_useless)     ROW(events_end_unsigned)                 \
  ROW(events_full)            ROW(events_more_than_asked) ROW(events_told_first)                   \
  ROW(events_patience)        ROW(events_stream_twice)    ROW(events_lost_early)                   \
  ROW(events_headless)        ROW(events_kept_whole)      ROW(events_over_known)                   \
  ROW(lost_form)              ROW(lost_range)             ROW(stream_lost_early)                   \
  ROW(stream_key_left)        ROW(set_logout_late)                                                 \
  /* Streams: core/revocation/stream_seen, stream_item, stream_progress */                         \
  ROW(seen_form)               ROW(seen_many)               ROW(seen_key)                          \
  ROW(seen_seq)                ROW(list_seen)               ROW(stream_integer)                    \
  ROW(stream_range)            ROW(stream_digest)           ROW(stream_member_unknown)             \
  ROW(stream_reason)           ROW(stream_kind)             ROW(stream_before_misplaced)           \
  ROW(stream_entries_many)     ROW(stream_seen_foreign)     ROW(stream_issuer)                     \
  ROW(stream_format)           ROW(stream_says_nothing)     ROW(stream_ahead)                      \
  ROW(stream_known)            ROW(stream_gap)              ROW(stream_incomplete)                 \
  ROW(stream_key_shared)       ROW(feed_incomplete)                                                \
  ROW(stream_trimmed)          ROW(stream_covered)         ROW(stream_snapshot_lost)               \
  ROW(stream_trimmed_beat)     ROW(stream_damaged)         ROW(stream_adopted)                     \
  ROW(stream_held_many)        ROW(stream_date_ahead)      ROW(stream_end_unsigned)                \
  ROW(stream_covered_later)    ROW(list_version_twice)     ROW(stream_passed_over)                 \
  ROW(stream_lost_beside)      ROW(stream_heard_kept)                                              \
  ROW(list_other_line)         ROW(tsl_algorithm)          ROW(tsl_key_revoked)                    \
  ROW(status_signed_early)     ROW(status_key_revoked)     ROW(status_key_shared)                  \
  ROW(status_key_stands)                                                                           \
  ROW(events_key_revoked)      ROW(tsl_key_left)           ROW(tsl_same_time)                      \
  ROW(local_end_passed)                                                                            \
  /* Names and accounts: core/accounts, core/judge */                                              \
  ROW(name_length)             ROW(name_first_byte)        ROW(name_number)                        \
  ROW(name_bytes)              ROW(name_no_letter)         ROW(name_unusable)                      \
  ROW(name_other)              ROW(account_unknown)        ROW(group_unknown)                      \
  ROW(judge_issuer_other)      ROW(not_managed)            ROW(system_account)                     \
  ROW(subject_conflict)        ROW(login_expired)          ROW(binding_missing)                    \
  ROW(last_seen_other)         ROW(last_seen_old)          ROW(login_id_other)                     \
  ROW(unknown_last_seen)                                                                           \
  ROW(login_user_other)        ROW(login_service_other)    ROW(issuer_gone)                        \
  ROW(authenticate_untokened)  ROW(last_seen_absent)       ROW(judge_issuer_absent)                \
  ROW(name_none_usable)        ROW(identify_name)          ROW(managed_unlisted)                   \
  ROW(managed_by_list)         ROW(managed_system)         ROW(snapshot_lacks_config)              \
  ROW(snapshot_lacks_revocations)                          ROW(snapshot_lacks_accounts)            \
  ROW(snapshot_lacks_bindings) ROW(managed_shared)         ROW(shared_account_unknown)             \
  ROW(shared_account)          ROW(shared_account_revoked) ROW(shared_conflict)                    \
  ROW(shared_untokened)        ROW(shared_own_name)        ROW(shared_bound_name)                  \
  ROW(access_user_unknown)     ROW(name_reserved)          ROW(newcomer_names_unknown)             \
  ROW(account_conflict)        ROW(account_locked)         ROW(account_changed)                    \
  ROW(account_loosened)        ROW(account_removed)        ROW(name_of_group)                      \
  ROW(managed_guest)                                                                               \
  /* Access: core/policy, core/judge */                                                            \
  ROW(access_service)          ROW(access_nobody)          ROW(access_user)                        \
  ROW(access_issuer)           ROW(access_groups)          ROW(access_live)                        \
  ROW(access_acr)              ROW(access_amr)             ROW(access_auth_age)                    \
  ROW(auth_time_ahead)         ROW(auth_time_old)          ROW(auth_time_absent)                   \
  ROW(access_claims)           ROW(access_network)         ROW(access_time)                        \
  ROW(access_account)          ROW(names_user_account)                                             \
  ROW(access_elsewhere)        ROW(access_denies)          ROW(names_user_denies)                  \
  ROW(names_user_elsewhere)    ROW(condition_unknown)                                              \
  ROW(names_user_service)      ROW(names_user_other)       ROW(access_denied)
// clang-format on

#ifdef LATCHKEY_MUTATION

namespace latchkey::mutation {

enum class Switch : int {
#define LATCHKEY_ROW(name) name,
  LATCHKEY_VERIFIER_CHECKS(LATCHKEY_ROW)
#undef LATCHKEY_ROW
};

// The row that never fails; none unless the test program's main() says so.
inline Switch switched_off{-1};

}  // namespace latchkey::mutation

#define LATCHKEY_CHECKED(value, ...) ((value) ? *(value) : (__VA_ARGS__))
#define LATCHKEY_FAILS(row, ...) \
  (::latchkey::mutation::switched_off != ::latchkey::mutation::Switch::row && (__VA_ARGS__))

#else

#define LATCHKEY_CHECKED(value, ...) (*(value))
#define LATCHKEY_FAILS(row, ...) (__VA_ARGS__)

#endif
// NOLINTEND(cppcoreguidelines-macro-usage)
