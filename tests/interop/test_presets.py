# SPDX-License-Identifier: Apache-2.0
"""The presets as they stand, with the files, commands and owners that Debian's
programs have on a device.  Runs in tests/interop/jail and nowhere else."""

import grp
import os
import re
import shutil
import ssl
import stat
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from cryptography import x509

import rig.master
from rig import program
from rig.device import certificates_in, key_in, public_bytes
from rig.processes import environment, scaled, spawn, wait_until

if os.environ.get("SCEP_JAIL") != "yes":
    pytest.skip("only within tests/interop/jail", allow_module_level=True)

TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"
LIMIT = 20


def run(*words):
    """A command of the system; gives what it has written.  What a daemon goes
    on writing is not waited for."""
    with tempfile.TemporaryFile() as file:
        done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=file,
                              stderr=subprocess.STDOUT, env=environment(PATH=TOOLS), timeout=scaled(60))
        file.seek(0)
        said = file.read().decode(errors="replace")
    assert done.returncode == 0, (words, said)
    return said


def write(path, text, mode=0o644):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def shown(port, host="127.0.0.1"):
    """The serial of the certificate of a TLS server; None while there is none."""
    try:
        pem = ssl.get_server_certificate((host, port), timeout=scaled(5))
    except OSError:
        return None
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


class Preset:
    """One line in scepagentd.conf, and a program of the system."""

    def __init__(self, preset, type, name="web"):
        self.preset = preset
        self.type = type
        self.name = name

    def line(self):
        return "useLocation %s %s preset=%s" % (self.name, self.type, self.preset)


def use(device):
    return device.quick.row("scepUseTable", 1)


def give(device, preset, served=None, algorithm="rsa"):
    """A new certificate, and that the program serves it; gives its serial."""
    row = device.enrol(UseLocation=preset.name, KeyAlgorithm=algorithm)
    serial = device.serial_of(row["KeyIndex"])
    now = use(device)
    assert (row["Detail"], now["Applied"]) == ("none", "applied"), (row, device.agent.log())
    if served is not None:
        assert now["FunctionEnabled"] == "true"
        try:
            wait_until(lambda: served() == serial, LIMIT, "serial %x" % serial)
        except TimeoutError:
            raise AssertionError(
                "%s: %r, not %x\n%s" % (preset.preset, served(), serial, device.agent.log())
            ) from None
        print("%-14s %-6s %x" % (preset.preset, algorithm, serial))
    return serial


def check_files(key, certificate, group, mode):
    """Key and certificate fit, and nobody else may read the key."""
    assert public_bytes(key_in(key)) == public_bytes(certificates_in(certificate)[0])
    found = os.stat(key)
    assert (found.st_uid, found.st_gid) == (0, grp.getgrnam(group).gr_gid)
    assert stat.S_IMODE(found.st_mode) == mode


def take_default(device, preset, served):
    """The default key, which nothing has certified but itself."""
    default = device.default_key()
    assert device.act(default, "assign", AssignTo=preset.name) == "none", use(device)
    wait_until(lambda: served() == device.serial_of(default), LIMIT, "the default key")


def turn(device, preset, served, start):
    """Off it has its files and stays off; on it serves each that it is given."""
    first = give(device, preset)
    assert use(device)["FunctionEnabled"] == "false"
    start()
    wait_until(lambda: served() == first, LIMIT, "the first certificate")
    print("%-14s %x" % (preset.preset, first))
    given = [give(device, preset, served, algorithm)
             for algorithm in ("rsa", "ecP256", "ecP384")]
    assert len({first, *given}) == 4
    if preset.type != "ieee8021x" or preset.preset == "freeradius":
        take_default(device, preset, served)
        give(device, preset, served)


def test_nginx(house):
    write("/etc/nginx/sites-enabled/default", """
        server {
            listen 443 ssl;
            ssl_certificate scepagent/web.crt;
            ssl_certificate_key scepagent/web.key;
        }""")
    preset = Preset("nginx", "tls")
    turn(house(preset), preset, lambda: shown(443), lambda: run("nginx"))
    check_files("/etc/nginx/scepagent/web.key", "/etc/nginx/scepagent/web.crt", "root", 0o600)


class Example(Preset):
    """The line that README shows, as it stands there."""

    def line(self):
        readme = (Path(__file__).parents[2] / "README.md").read_text()
        found = re.search(r"^    (useLocation .*) \\\n        (.*?) +#", readme, re.M)
        return "%s %s" % (found.group(1), found.group(2))


def test_the_example_of_README(house):
    """The first use, on a device where nobody has made /etc/nginx/tls."""
    # Another test may have started it.
    subprocess.run(["/usr/sbin/nginx", "-s", "stop"], capture_output=True)
    wait_until(lambda: subprocess.run(["/usr/bin/pkill", "-0", "-x", "nginx"]).returncode,
               LIMIT, "the end of nginx")
    write("/etc/nginx/sites-enabled/default", """
        server {
            listen 443 ssl;
            ssl_certificate tls/web.crt;
            ssl_certificate_key tls/web.key;
        }""")
    assert not Path("/etc/nginx/tls").exists()
    preset = Example("nginx", "tls")
    turn(house(preset), preset, lambda: shown(443), lambda: run("nginx"))
    check_files("/etc/nginx/tls/web.key", "/etc/nginx/tls/web.crt", "root", 0o600)
    found = os.stat("/etc/nginx/tls")
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o755, 0)


def test_apache(house):
    run("a2enmod", "ssl")
    write("/etc/apache2/ports.conf", "Listen 8443\n")
    write("/etc/apache2/sites-enabled/000-default.conf", """
        ServerName device.example.net
        <VirtualHost *:8443>
            SSLEngine on
            SSLCertificateFile scepagent/web.crt
            SSLCertificateKeyFile scepagent/web.key
        </VirtualHost>""")
    preset = Preset("apache", "tls")
    device = house(preset)
    turn(device, preset, lambda: shown(8443), lambda: run("apachectl", "start"))
    check_files("/etc/apache2/scepagent/web.key", "/etc/apache2/scepagent/web.crt",
                "root", 0o600)
    before = shown(8443)
    write("/etc/apache2/conf-enabled/bad.conf", "NoSuchDirective on\n")
    row = device.wait_end(device.send(UseLocation="web"))
    assert row["Detail"] == "deployFailed" and "Syntax error" in row["Text"], row["Text"]
    assert shown(8443) == before


def test_cups(house):
    with open("/etc/cups/cupsd.conf", "a", encoding="utf-8") as file:
        file.write("ServerName print.example.net\nSSLListen 127.0.0.1:6631\n")
    preset = Preset("cups", "ipp")
    turn(house(preset), preset, lambda: shown(6631), lambda: run("cupsd"))
    check_files("/etc/cups/ssl/print.example.net.key", "/etc/cups/ssl/print.example.net.crt",
                "root", 0o600)


def test_stunnel(house):
    write("/etc/stunnel/echo.conf", """
        pid = /run/stunnel.pid
        [echo]
        accept = 127.0.0.1:7007
        cert = /etc/stunnel/web.pem
        exec = /bin/cat""")
    preset = Preset("stunnel", "tls")
    turn(house(preset), preset, lambda: shown(7007), lambda: run("stunnel4", "/etc/stunnel/echo.conf"))
    check_files("/etc/stunnel/web.pem", "/etc/stunnel/web.pem", "root", 0o600)


def test_swanctl(house):
    preset = Preset("swanctl", "ipsec", "vpn")

    def start():
        daemon("/run/charon", "charon-systemd")
        wait_until(lambda: os.path.exists("/run/charon.vici"), LIMIT, "charon")
        run("swanctl", "--load-all", "--noprompt")

    def served():
        said = run("swanctl", "--list-certs", "--flag", "none")
        mine = [p for p in said.split("subject:")[1:] if "has private key" in p]
        assert len(mine) == 1, said
        return int(re.search(r"serial: +(\S+)", mine[0]).group(1).replace(":", ""), 16)

    turn(house(preset), preset, served, start)
    check_files("/etc/swanctl/private/vpn.pem", "/etc/swanctl/x509/vpn.pem", "root", 0o600)


def install_ldif():
    """`make install` puts it there, whatever the prefix is."""
    for prefix in ("/usr/local", "/usr"):
        where = Path(prefix) / "share" / "scepagent"
        where.mkdir(parents=True, exist_ok=True)
        shutil.copy(program.SOURCE / "contrib" / "slapd-tls.ldif", where)


def test_slapd(house):
    folder = Path("/etc/ldap/scepagent")
    install_ldif()
    Path("/run/slapd").mkdir()
    shutil.chown("/run/slapd", "openldap", "openldap")
    preset = Preset("slapd", "tls", "ldap")
    device = house(preset)
    first = give(device, preset)
    assert use(device)["FunctionEnabled"] == "false"
    run("slapd", "-h", "ldap://127.0.0.1/ ldaps://127.0.0.1/ ldapi:///", "-u", "openldap",
        "-g", "openldap", "-F", "/etc/ldap/slapd.d")
    wait_until(lambda: os.path.exists("/run/slapd/ldapi"), LIMIT, "slapd")
    second = give(device, preset, lambda: shown(636))
    third = give(device, preset, lambda: shown(636), "ecP256")
    assert len({first, second, third}) == 3
    take_default(device, preset, lambda: shown(636))
    check_files(folder / "slapd.key", folder / "slapd.crt", "openldap", 0o640)
    made = os.stat(folder)
    assert (stat.S_IMODE(made.st_mode), made.st_uid) == (0o750, 0)
    assert made.st_gid == grp.getgrnam("openldap").gr_gid
    run("ldapsearch", "-x", "-H", "ldap://127.0.0.1", "-s", "base", "-b", "")


def test_freeradius(house):
    certs = "/etc/freeradius/3.0/certs/"
    eap = Path("/etc/freeradius/3.0/mods-available/eap")
    text = eap.read_text()
    for word, name in (("private_key_file", "radius.key"), ("certificate_file", "radius.pem"),
                       ("ca_file", "radius.ca.pem")):
        text = re.sub(r"(?m)^(\s*)%s = .*" % word, r"\1%s = %s%s" % (word, certs, name), text)
    eap.write_text(re.sub(r"(?m)^\s*private_key_password = .*", "", text))
    Path("/run/freeradius").mkdir()
    shutil.chown("/run/freeradius", "freerad", "freerad")
    write("/etc/eapol.conf", """
        network={
            key_mgmt=IEEE8021X
            eap=PEAP
            identity="nobody"
            password="nothing"
            phase2="auth=MSCHAPV2"
        }""")

    def served():
        """Of the server in EAP-PEAP, which shows it before it knows anybody; it
        is the last that is verified, and so the last in the file."""
        Path("/run/server.pem").unlink(missing_ok=True)
        subprocess.run(["eapol_test", "-c", "/etc/eapol.conf", "-a", "127.0.0.1", "-s",
                        "testing123", "-t", "3", "-o", "/run/server.pem"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=environment(PATH=TOOLS))
        if not os.path.exists("/run/server.pem"):
            return None
        return certificates_in("/run/server.pem")[-1].serial_number

    preset = Preset("freeradius", "ieee8021x", "radius")
    device = house(preset)
    turn(device, preset, served, lambda: run("service", "freeradius", "start"))
    check_files(certs + "radius.key", certs + "radius.pem", "freerad", 0o640)
    before = served()
    write("/etc/freeradius/3.0/mods-enabled/bad", "nonsense {\n")
    row = device.wait_end(device.send(UseLocation="radius"))
    assert row["Detail"] == "deployFailed" and "Errors reading" in use(device)["Text"], row
    assert served() == before


def shown_by_dtls(port):
    """The common name of a DTLS server.  snmpd wants a certificate of the
    client, too, and never ends a handshake without one; its own it shows."""
    command = ["openssl", "s_client", "-dtls", "-connect", "127.0.0.1:%d" % port]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, env=environment(PATH=TOOLS)) as client:
        guard = threading.Timer(5, client.kill)
        guard.start()
        try:
            for line in client.stderr:
                if found := re.search(rb"^depth=0 .*CN ?= ?(\S+)", line):
                    return found.group(1).decode()
        finally:
            guard.cancel()
            client.kill()
    return None


def test_snmpd(house, monkeypatch):
    """SNMP over DTLS with the certificate that SNMP has ordered."""
    # The script of the system ends all that is called snmpd; the rig's is not.
    shutil.copy(rig.master.SNMPD, "/usr/sbin/agentx-master")
    monkeypatch.setattr(rig.master, "SNMPD", "/usr/sbin/agentx-master")
    for name in ("private", "certs", "ca-certs"):
        Path("/etc/snmp/tls", name).mkdir(parents=True)
    write("/etc/snmp/snmpd.conf", """
        [snmp] localCert snmp
        agentaddress udp:127.0.0.1:161,dtlsudp:127.0.0.1:10161
        """, 0o640)
    shutil.chown("/etc/snmp/snmpd.conf", "root", "Debian-snmp")
    preset = Preset("snmpd", "snmp", "snmp")
    device = house(preset)
    for name in ("one", "two", "three"):
        row = device.enrol(UseLocation="snmp", common_name=name + ".example.net",
                           KeyAlgorithm="ecP256" if name == "three" else "rsa")
        assert (row["Detail"], use(device)["Applied"]) == ("none", "applied")
        assert use(device)["FunctionEnabled"] == ("false" if name == "one" else "true")
        if name == "one":
            run("service", "snmpd", "start")
        wait_until(lambda: shown_by_dtls(10161) == name + ".example.net", LIMIT,
                   "the certificate for " + name)
        print("%-14s %s %x" % ("snmpd", name, device.serial_of(row["KeyIndex"])))
    check_files("/etc/snmp/tls/private/snmp.key", "/etc/snmp/tls/certs/snmp.crt",
                "Debian-snmp", 0o640)


HOSTAPD = """
interface=switch
driver=wired
ieee8021x=1
eap_server=1
eap_user_file=/etc/hostapd/users
ca_cert={root}
server_cert=/etc/hostapd/server.pem
private_key=/etc/hostapd/server.key
"""

SUPPLICANT = """
ctrl_interface=/run/wpa_supplicant
ap_scan=0
network={
	key_mgmt=IEEE8021X
	eap=TLS
	identity="device"
	ca_cert="/etc/hostapd/server.pem"
	client_cert="/etc/wpa_supplicant/wired.crt"
	private_key="/etc/wpa_supplicant/wired.key"
}
"""


def daemon(log, *words):
    """A program in the background that writes to that file."""
    with open(log, "wb") as file:
        return spawn(words, stdout=file, stderr=subprocess.STDOUT, env=environment(PATH=TOOLS))


def test_wpa_supplicant(house):
    """A port of a switch (802.1X) that the device opens with its certificate."""
    preset = Preset("wpa_supplicant", "ieee8021x", "wired")
    device = house(preset)
    run("ip", "link", "add", "device", "type", "veth", "peer", "name", "switch")
    run("ip", "link", "set", "device", "up")
    run("ip", "link", "set", "switch", "up")
    write("/etc/hostapd/users", "* TLS\n")
    write("/etc/hostapd/switch.conf", HOSTAPD.format(root=device.root_file))
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=switch",
        "-keyout", "/etc/hostapd/server.key", "-out", "/etc/hostapd/server.pem")
    write("/etc/wpa_supplicant/wired.conf", SUPPLICANT, 0o600)
    daemon("/run/switch", "hostapd", "-d", "/etc/hostapd/switch.conf")
    wait_until(lambda: "AP-ENABLED" in Path("/run/switch").read_text(), LIMIT, "hostapd")

    def served():
        """The last that the switch has verified."""
        found = re.findall(r"peer certificate: depth=0 serial_num=(\w+)",
                           Path("/run/switch").read_text(errors="replace"))
        return int(found[-1], 16) if found else None

    turn(device, preset, served, lambda: daemon(
        "/run/supplicant", "wpa_supplicant", "-D", "wired", "-i", "device",
        "-c", "/etc/wpa_supplicant/wired.conf"))
    wait_until(lambda: Path("/run/switch").read_text().count("CTRL-EVENT-EAP-SUCCESS") >= 3,
               LIMIT, "an open port")
    folder = Path("/etc/wpa_supplicant")
    check_files(folder / "wired.key", folder / "wired.crt", "root", 0o600)
    last = certificates_in(folder / "wired.ca.crt")[-1]
    assert last.subject == last.issuer
