// SPDX-License-Identifier: Apache-2.0
//
// `latchkeyctl token …` and `latchkeyctl check`. Each prints and gives its exit status: 0 accepted
// or done, 1 refused, 2 anything that kept it from an answer.
#pragma once

#include <string>
#include <vector>

#include "cli/latchkeyctl/evidence.h"
#include "cli/latchkeyctl/session.h"

namespace latchkey::cli {

inline constexpr int kTrouble = 2;

// A sentence on standard error.
int trouble(const std::string& text);

// As typed; empty = not given.
struct VerifyOptions {
  std::string token = "-";
  EvidenceOrder evidence;
  std::string user;
  std::string service;
  std::string rhost;
  std::string now;
};

// `latchkeyctl check`: a sign-in that nobody has made yet.
struct CheckOptions {
  std::string token;   // a file with the token, or
  std::string claims;  // one with the claims of a token, as JSON
  EvidenceOrder evidence;
  std::string user;
  std::string service = "sshd";
  std::string rhost;
  std::string now;
};

struct SignOptions {
  std::string key;
  std::string algorithm;
  std::string kid;
  bool no_kid = false;
  std::string typ = "at+jwt";
  std::string claims;   // a file with a JSON object
  std::string payload;  // a file that is signed as it is
  std::string issuer;
  std::string subject;
  std::vector<std::string> audiences;
  std::vector<std::string> more;  // NAME=JSON
  std::string lifetime = "5m";
  std::string now;
  std::string out;
  bool force = false;
};

int verify_token_command(const Session& session, const VerifyOptions& options);
int check_command(const Session& session, const CheckOptions& options);
int show_token_command(const Session& session, const std::string& file);
int sign_token_command(const Session& session, const SignOptions& options);

}  // namespace latchkey::cli
