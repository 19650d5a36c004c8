# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The Debian packages that the project needs, in groups, and one function that brings in those that are missing.
#
#   . tests/support/packages.sh
#   latchkey_install build test        # returns non-zero, with one clear sentence, where that fails
#
# Sourced by demo, test and .ci/run, so that no list exists twice. It guarantees three things: nothing that dpkg already
# calls installed is touched, and then no network is needed; no package may start a service (a policy-rc.d stands in the
# way while packages are set up, and is gone afterwards unless it was there before); and what it prints is a line a step,
# with the tool's own words only where a step failed.

# What a build with gcc needs, and nothing more.
latchkey_packages_build=(
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  libasio-dev libssl-dev libcurl4-openssl-dev libyaml-cpp-dev libsimdjson-dev nlohmann-json3-dev libfmt-dev
  libcli11-dev libexpected-dev libsystemd-dev libsqlite3-dev libpam0g-dev libcpp-httplib-dev zlib1g-dev
)

# What the programs talk to when they run for real: the demo and the tests against sshd and sudo. systemd is here for
# systemd-sysusers, systemd-tmpfiles and systemd-analyze, which read what is shipped; it is never booted.
latchkey_packages_run=(
  openssh-server openssh-client sudo rsync openssl iproute2 procps util-linux passwd libpam-modules libpam-runtime
  python3 systemd
)

# What the tests need beyond that.
latchkey_packages_test=(
  libgtest-dev libgmock-dev libcmocka-dev libpamtest0-dev libpam-wrapper libnss-wrapper libuid-wrapper pamtester
  python3-pytest python3-paramiko python3-pexpect python3-cryptography python3-jwt binutils sqlite3 nginx redis-server redis-tools
  libnss-systemd
)

# The second compiler: tsan, fuzzing, and warnings seen by other eyes.
latchkey_packages_clang=(clang-16 libclang-rt-16-dev llvm-16 clang-tidy-16 clang-format-16)

# Instruction counts and speed.
latchkey_packages_measure=(valgrind libbenchmark-dev)

# What others verify tokens with, to stand beside us in the bench.
latchkey_packages_peers=(libjwt-dev libcjose-dev libjansson-dev python3-jwt)

# Whole machines, booted.
latchkey_packages_system=(systemd-container mmdebstrap dbus libpam-systemd libnss-systemd)

_latchkey_is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints the packages of the named groups that dpkg does not call installed, one a line.
latchkey_missing() {
  local group package list
  for group in "$@"; do
    list="latchkey_packages_${group}[@]"
    if ! declare -p "latchkey_packages_${group}" >/dev/null 2>&1; then
      printf 'latchkey: there is no package group "%s"\n' "$group" >&2
      return 2
    fi
    for package in "${!list}"; do
      _latchkey_is_installed "$package" || printf '%s\n' "$package"
    done
  done
}

# latchkey_install GROUP... : after it, every package of the groups is installed; or it has said why not and returns 1.
latchkey_install() (
  set -u
  wanted=$(latchkey_missing "$@") || exit 1
  mapfile -t missing < <(printf '%s' "$wanted" | sort -u)
  [ "${#missing[@]}" -gt 0 ] || exit 0

  if [ "$(id -u)" != 0 ]; then
    printf 'latchkey: these packages are missing and only root can install them:\n  apt-get install %s\n' \
      "${missing[*]}" >&2
    exit 1
  fi
  if ! command -v apt-get >/dev/null; then
    printf 'latchkey: these Debian packages are missing, and there is no apt-get here: %s\n' "${missing[*]}" >&2
    exit 1
  fi

  log=$(mktemp) || exit 1
  guard=
  # An interrupted run must not leave the guard behind: it would keep the machine's own services from starting.
  trap 'rm -f "$log"; [ -z "$guard" ] || rm -f "$guard"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d || exit 1
    guard=/usr/sbin/policy-rc.d
    chmod 0755 "$guard"
  fi

  export DEBIAN_FRONTEND=noninteractive
  printf 'latchkey: installing %d packages: %s\n' "${#missing[@]}" "${missing[*]}"
  # A missing index is no failure of apt-get update (it says so in warnings and returns 0), so that is asked for.
  if ! apt-get -q -o APT::Update::Error-Mode=any -o Acquire::Retries=2 update </dev/null >"$log" 2>&1; then
    sed 's/^/  | /' "$log" | tail -n 8 >&2
    printf 'latchkey: apt-get update failed (no network, or no package source): cannot install %s\n' "${missing[*]}" >&2
    exit 1
  fi
  if ! apt-get -q -y --no-install-recommends -o Acquire::Retries=2 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
       -o Dpkg::Options::=--force-confold install "${missing[@]}" </dev/null >"$log" 2>&1; then
    sed 's/^/  | /' "$log" | tail -n 20 >&2
    printf 'latchkey: apt-get could not install: %s\n' "${missing[*]}" >&2
    exit 1
  fi
  for package in "${missing[@]}"; do
    if ! _latchkey_is_installed "$package"; then
      printf 'latchkey: apt-get was content, but %s is not installed\n' "$package" >&2
      exit 1
    fi
  done
)
