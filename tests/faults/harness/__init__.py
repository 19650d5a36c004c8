# SPDX-License-Identifier: Apache-2.0
"""Faults of SECURITY section 4 against the real daemons, with the right verdict of each login known: docs/FAULTS.md."""
