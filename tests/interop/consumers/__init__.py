# SPDX-License-Identifier: Apache-2.0
"""The programs that use a certificate, each run by a test in its own folder."""
