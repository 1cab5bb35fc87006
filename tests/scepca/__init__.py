# SPDX-License-Identifier: Apache-2.0
"""A SCEP CA for tests and demonstrations; see README.md beside this file."""

import warnings

from cryptography.utils import CryptographyDeprecationWarning

# Newer versions warn of what older ones have no other name for, and a CA that
# prints something has failed.
warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)

from .control import TestCA  # noqa: E402

__all__ = ["TestCA"]
