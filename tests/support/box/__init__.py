# SPDX-License-Identifier: Apache-2.0
"""A private world for tests against a real sshd and a real sudo: see README.md beside this file."""
