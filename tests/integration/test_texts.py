# SPDX-License-Identifier: Apache-2.0
"""Characters that move a cursor or hide what is read come from a command, a
certificate, a server or a manager, and reach no log and no table."""

import unicodedata

import pytest

from rig import program
from rig.quick import Refused

# A control character of C1, no width, from right to left, an isolate, a mark
# of the byte order, and the end of a line.
HIDDEN = "\x9b\u200b\u202e\u2066\ufeff\u2028"


def is_seen(text):
    return all(unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") for c in text)


def assert_clean(device, *texts):
    for text in texts:
        assert is_seen(text), repr(text)
    for line in device.agent.log().splitlines():
        assert is_seen(line), repr(line)


def test_the_output_of_a_command(own, tmp_path):
    script = tmp_path / "check"
    script.write_text("#!/bin/sh\nprintf 'not\\233 \\302\\233%s good\\n'\nexit 1\n" % HIDDEN)
    script.chmod(0o700)
    own.agent.configure("useLocation web tls combined=%s/web.pem check=%s" % (tmp_path, script))
    own.agent.restart()
    own.point_at()
    own.enrol(UseLocation="web")
    own.agent.wait_log("check: not? ")
    text = own.quick.get("scepUseText.1")
    assert "not? ?" in text and "good" in text
    assert_clean(own, text)


def test_the_failInfoText_of_a_server(device):
    device.ca.control(fail_info=2, fail_info_text="go %s away" % HIDDEN)
    device.point_at()
    row = device.wait_end(device.send())
    assert row["FailInfoText"] == "go ?????? away", row
    assert_clean(device, row["FailInfoText"], row["Text"])


def test_a_Set_with_such_a_character_is_wrongValue(device):
    for character in HIDDEN:
        for name in ("scepRequestOrganization", "scepRequestKeyName", "scepProfileName",
                     "scepServerCaIdentifier"):
            with pytest.raises(Refused) as refused:
                device.quick.set((name + ".1", "a%sb" % character))
            assert refused.value.status == "wrongValue", (name, character)
    assert_clean(device)


@pytest.mark.parametrize("challenge", [b"\xff\xfe", b"two\nlines", b"c1 \xc2\x85", b"\0"])
@pytest.mark.parametrize("name", ["scepRequest", "scepAuto"])
def test_a_challenge_that_is_no_text_is_wrongValue(device, name, challenge):
    with pytest.raises(Refused) as refused:
        device.quick.set((name + "ChallengePassword.1", challenge))
    assert refused.value.status == "wrongValue"
    assert device.quick.get(name + "ChallengeSet.1") == "false"
    device.quick.set((name + "ChallengePassword.1", "p\u00e4ss\u200dword".encode()))
    assert device.quick.get(name + "ChallengeSet.1") == "true"
    device.quick.set((name + "ChallengePassword.1", b""))


def test_a_URL_with_an_operation_is_wrongValue_with_a_reason(own):
    for rest in ("?operation=GetCACert&message=x", "?a=b&operation=GetCACaps", "?message="):
        with pytest.raises(Refused) as refused:
            own.quick.set(("scepServerUrl.1", "http://ca.example/scep" + rest))
        assert refused.value.status == "wrongValue"
    own.agent.wait_log("wrongValue (has operation= or message= in its query", 3)


def test_every_text_is_UTF_8_and_never_cut_inside_a_character(own):
    """Names of two and three octets a letter, longer than a column holds."""
    texts = [item for item in program.module().objects() if item.type == "SnmpAdminString"]
    seen = set()
    for shift in range(3):
        own.point_at()
        name = "x" * shift + "é€" * 12
        own.quick.set(("scepProfileName.1", name))
        row = own.enrol(
            KeyName=name, Organization=name,
            SubjectExtra=",".join("OU=" + name for _ in range(3)),
        )
        assert row["State"] == "successful"
        own.ca.control(fail_info=2, fail_info_text="é" * 300)
        own.wait_end(own.send(KeyName=name, Organization=name))
        own.ca.control(fail_info=None, fail_info_text=None)
        for item in texts:
            for _, _, value in own.quick.walk(item.name):
                value.decode("utf-8")
                seen.add(item.name) if len(value) > 240 else None
    assert {"scepKeySubject", "scepStatusFailInfoText"} <= seen, seen
