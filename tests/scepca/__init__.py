# SPDX-License-Identifier: Apache-2.0
"""A SCEP CA for tests and demonstrations; see README.md beside this file."""

from .control import TestCA

__all__ = ["TestCA"]
