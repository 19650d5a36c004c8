# SPDX-License-Identifier: Apache-2.0
"""What the tests of latchkey-fetchd are made of: certificates, a provider that misbehaves to order, a fetchd, a client."""
