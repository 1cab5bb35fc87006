# SPDX-License-Identifier: Apache-2.0
"""The settings that say how the CA behaves, and how often each applies.

A setting holds a plain value or a rule around one:

    {"value": V, "times": N, "skip": K, "message": "CertPoll",
     "transaction": ID, "common_name": NAME}

which gives V to N uses after K ordinary ones, and only to that message or
transaction, or to requests for that name.  Settings "per operation" hold {operation: value or rule}, where
an operation is GetCACaps, GetCACert, GetNextCACert, PKIOperation, the name of
a SCEP message (PKCSReq, RenewalReq, CertPoll, GetCert, GetCRL), or "*".
This module knows no HTTP and no CMS.
"""

import threading

from .mutations import MUTATIONS
from .names import CIPHERS, DIGESTS, EC_REPLIES, MESSAGE_NAMES, OPERATIONS
from .authority import VARIANTS
from .messages import BARE_CONTENTS
from .transport import TRANSPORTS

SCOPES = ("*",) + OPERATIONS + tuple(MESSAGE_NAMES.values())
RULE_KEYS = {"value", "times", "skip", "message", "transaction", "common_name"}


class BehaviourError(ValueError):
    """A setting that does not exist, or a value it cannot have."""


def one_of(*allowed):
    def check(value):
        return value in allowed

    check.wants = "one of %s" % ", ".join(map(str, allowed))
    return check


def of_type(*kinds):
    def check(value):
        return isinstance(value, kinds)

    check.wants = " or ".join(kind.__name__ for kind in kinds)
    return check


def is_fail_info(value):
    return isinstance(value, int) or value in ("other", "absent")


def is_status(value):
    return isinstance(value, int) or isinstance(value, dict) and "status" in value


is_fail_info.wants = "0..4, other or absent"
is_status.wants = "a number, or {status, headers, body}"

# name: (default, check, whether it is per operation)
SETTINGS = {
    "caps": (None, of_type(str), False),
    "content_type": ({}, of_type(str), True),
    "challenge": (None, of_type(str), False),
    "one_time_challenge": (False, of_type(bool), False),
    "renewal": ("accept", one_of("accept", "refuse"), False),
    "renewal_needs_challenge": (False, of_type(bool), False),
    "strict": (False, of_type(bool), False),
    "accept_ciphers": (["aes128", "aes192", "aes256", "3des"], of_type(list), False),
    "accept_digests": (["sha1", "sha256", "sha384", "sha512"], of_type(list), False),
    "pending": (0, lambda v: isinstance(v, int) or v == "forever", False),
    "fail_info": (None, is_fail_info, False),
    "fail_info_text": (None, of_type(str), False),
    "validity": (365 * 86400, of_type(int, float), False),
    "backdate": (60, of_type(int, float), False),
    "authority": ("main", one_of(*VARIANTS), False),
    "chain": (False, of_type(bool), False),
    "ra": (
        "none",
        one_of(
            "none", "one", "two", "expired", "unmarked", "unchained", "weak", "sha1"
        ),
        False,
    ),
    "next_ca": (False, one_of(False, True, "stranger", "root"), False),
    "cacert": ("auto", one_of("auto", "der", "p7", "pem"), False),
    "cacert_order": ("shuffled", one_of("shuffled", "ca_first", "ca_last"), False),
    "cipher": ("same", one_of("same", *CIPHERS), False),
    "digest": ("same", one_of("same", *DIGESTS), False),
    "signature_oid": ("rsa", one_of("rsa", "with_digest", "pss"), False),
    "key_transport": ("pkcs1", one_of("pkcs1", "oaep"), False),
    "ec_reply": ("password", one_of(*EC_REPLIES), False),
    "keep_messages": (False, of_type(bool), False),
    "leaf_first": (True, of_type(bool), False),
    "bare_content": ("absent", one_of(*BARE_CONTENTS), False),
    "ndes": (False, of_type(bool), False),
    "delay": ({}, of_type(int, float), True),
    "hang": ({}, one_of("before", "after"), True),
    "transport": ({}, one_of(*TRANSPORTS), True),
    "http_status": ({}, is_status, True),
    "headers": ({}, of_type(dict), True),
    "redirect": ({}, of_type(str), True),
    "body": ({}, of_type(str), True),
    "truncate": ({}, of_type(int), True),
    "trailing": ({}, of_type(int), True),
    "behind": ({}, of_type(str), True),
    "date": (None, lambda v: isinstance(v, (int, float)) or v == "absent", False),
}
for _name in MUTATIONS:
    SETTINGS[_name] = (False, of_type(bool), False)


# The settings outside MUTATIONS and the per-operation ones that take a rule.
RULED = ("pending", "fail_info")


def is_rule(value):
    return isinstance(value, dict) and set(value) <= RULE_KEYS and bool(value)


def normal_rule(name, value):
    """Every value as a rule; a mutation may be written as a number of times."""
    if name in MUTATIONS and isinstance(value, int) and not isinstance(value, bool):
        return {"value": True, "times": value}
    if is_rule(value):
        return {"value": True, **value} if name in MUTATIONS else value
    return {"value": value}


def check_value(name, value):
    default, check, _ = SETTINGS[name]
    rule = normal_rule(name, value)
    if "value" not in rule:
        raise BehaviourError("%s: a rule needs a value" % name)
    inner = rule["value"]
    if inner == default or check(inner):
        return
    wants = getattr(check, "wants", "another value")
    raise BehaviourError("%s: %r, but it takes %s" % (name, inner, wants))


def check_setting(name, value):
    if name not in SETTINGS:
        raise BehaviourError("no such setting: %s" % name)
    if not SETTINGS[name][2]:
        if is_rule(value) and name not in RULED and name not in MUTATIONS:
            raise BehaviourError("%s takes no rule" % name)
        check_value(name, value)
        return
    if not isinstance(value, dict):
        raise BehaviourError("%s is per operation: {operation: value}" % name)
    for scope, inner in value.items():
        if scope not in SCOPES:
            raise BehaviourError("%s: no such operation: %s" % (name, scope))
        check_value(name, inner)


class Context:
    """The request that is being answered: the scopes it falls under, its transaction, and
    the common name that it asks for."""

    def __init__(self, operation, message=None, transaction=None, common_name=None):
        self.operation = operation
        self.message = message
        self.transaction = transaction
        self.common_name = common_name

    def scopes(self):
        return [s for s in (self.message, self.operation, "*") if s]


class Behaviour:
    def __init__(self, settings=None):
        self.lock = threading.Lock()
        self.settings = {}
        self.used = {}
        self.merge(settings or {})

    def merge(self, changes):
        """Takes new values; None means back to the default.  All or nothing."""
        for name, value in changes.items():
            if value is not None or name not in SETTINGS:
                check_setting(name, value)
        with self.lock:
            for name, value in changes.items():
                self._forget_uses(name)
                if value is None:
                    self.settings.pop(name, None)
                else:
                    self.settings[name] = value

    def _forget_uses(self, name):
        for key in [k for k in self.used if k.split("/")[0] == name]:
            del self.used[key]

    def shown(self):
        """The settings as they may be shown: without the challenge itself."""
        with self.lock:
            hidden = {"challenge": "***"} if "challenge" in self.settings else {}
            return {**self.settings, **hidden}, dict(self.used)

    def get(self, name):
        """A setting that has no rule."""
        with self.lock:
            return self.settings.get(name, SETTINGS[name][0])

    def take(self, name, context):
        """The value for this use, counted; the default where it does not apply."""
        default, _, is_scoped = SETTINGS[name]
        with self.lock:
            if name not in self.settings:
                return None if is_scoped else default
            if not is_scoped:
                value = self._apply(name, name, self.settings[name], context)
                return default if value is None else value
            for scope in context.scopes():
                if scope in self.settings[name]:
                    key = "%s/%s" % (name, scope)
                    return self._apply(name, key, self.settings[name][scope], context)
        return None

    def _apply(self, name, key, value, context):
        rule = normal_rule(name, value)
        if rule.get("message") not in (None, context.message):
            return None
        if rule.get("transaction") not in (None, context.transaction):
            return None
        if rule.get("common_name") not in (None, context.common_name):
            return None
        count = self.used.get(key, 0)
        self.used[key] = count + 1
        skip = rule.get("skip", 0)
        if count < skip or count - skip >= rule.get("times", float("inf")):
            return None
        return rule["value"]
