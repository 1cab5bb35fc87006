# SPDX-License-Identifier: Apache-2.0
"""The log of a device: what ends, is decided and is destroyed, at the level that
scepagentd(8) names, and no word twice."""

import os
import re

from rig.processes import wait_until

TWICE = re.compile(r"\b([A-Za-z]{3,})(?: failed)?: \1\b", re.I)


def logs_by_level(own):
    """Starts the agent anew with a file for each level."""
    words = []
    for name, level in (("warnings", "w"), ("notices", "n")):
        words += ["-LF", level, "%s/%s" % (own.agent.directory, name)]
    own.agent.restart(*words)

    def read(name):
        with open("%s/%s" % (own.agent.directory, name), encoding="utf-8") as file:
            return file.read()
    return read


def test_ends_and_decisions_have_their_level(own, tmp_path):
    own.agent.configure("useLocation web tls combined=%s/web.pem check=/bin/false" % tmp_path)
    read = logs_by_level(own)
    own.quick.set(("scepProfileName.1", "office"))
    own.point_at()
    row = own.wait_end(own.send(common_name="dev1.example.net", KeyName="web"))
    assert row["State"] == "successful"
    name = '(profile 1 "office", key web, dev1.example.net): '
    own.agent.wait_log(name + "successful")
    assert name + "successful" in read("notices") and "successful" not in read("warnings")
    assert "the URL of the server is" in read("notices")
    assert "is believed from now on" in read("notices")
    assert "GetCACaps -> GetCACert" in own.agent.log()
    assert "->" not in read("notices")

    own.ca.control(fail_info=2)
    own.wait_end(own.send(common_name="dev1.example.net", KeyName="web"))
    own.agent.wait_log("SCEP ERROR Fail Info 2")
    assert "PKCSReq failed: Communication Error (SCEP ERROR Fail Info 2)" in read("warnings")

    own.ca.control(fail_info=None)
    row = own.wait_end(own.send(common_name="dev1.example.net", KeyName="web",
                                UseLocation="web"))
    assert row["Detail"] == "deployFailed"
    own.agent.wait_log("use location web: key ")
    assert "is not applied: check ended with 1" in read("warnings")
    # One line for the use location, and one for the end of the request.
    assert own.agent.log().count("ended with 1") == 2

    own.quick.set(("scepKeyRowStatus.%d" % row["KeyIndex"], "destroy"))
    own.agent.wait_log("destroyed by the manager")
    assert "destroyed by the manager" in read("notices")
    for line in own.agent.log().splitlines():
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line), line
        assert not TWICE.search(line), line


def test_journald_gets_the_priority_of_each_line(own):
    """systemd names the stream that standard error is in JOURNAL_STREAM."""
    own.agent.stop()
    path = os.path.join(own.agent.directory, "stderr")
    open(path, "ab").close()
    found = os.stat(path)
    command = own.agent.command
    own.agent.command = lambda *words: [w for w in command(*words)
                                        if w not in ("-Lf", own.agent.log_file)]
    own.agent.environment = {"JOURNAL_STREAM": "%d:%d" % (found.st_dev, found.st_ino)}
    own.agent.start()
    own.quick.set(("scepProfileName.1", "office"))
    wait_until(lambda: "<5>profile 1 \"office\": the name is" in own.agent.stderr(), 10, "notice")
    assert re.search("^<6>scepagentd .*root OID", own.agent.stderr(), re.M)
