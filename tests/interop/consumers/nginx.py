# SPDX-License-Identifier: Apache-2.0
"""nginx: told by a signal, and takes the new certificate up in new workers."""

import os

from .consumer import Consumer

NGINX = "/usr/sbin/nginx"

CONFIGURATION = """\
{user}
worker_processes 2;
pid {directory}/pid;
error_log {directory}/log;
daemon off;
events {{ worker_connections 256; }}
http {{
	access_log off;
	client_body_temp_path {directory}/body;
	proxy_temp_path {directory}/proxy;
	fastcgi_temp_path {directory}/fastcgi;
	uwsgi_temp_path {directory}/uwsgi;
	scgi_temp_path {directory}/scgi;
	server {{
		listen 127.0.0.1:{port} ssl;
		ssl_certificate {directory}/tls/nginx.crt;
		ssl_certificate_key {directory}/tls/nginx.key;
		location / {{ return 200 "here\\n"; }}
	}}
	{more}
}}
"""


class Nginx(Consumer):
    name = "nginx"

    def configure(self, more=""):
        """`more` stands in the http block; what is no directive breaks it."""
        os.makedirs(self.directory / "tls", exist_ok=True)
        self.configuration = self.directory / "nginx.conf"
        self.configuration.write_text(CONFIGURATION.format(
            user="user www-data;" if os.geteuid() == 0 else "",
            directory=self.directory, port=self.port, more=more))

    def arguments(self):
        return "-c %s -e %s/early" % (self.configuration, self.directory)

    def command(self):
        return [NGINX, *self.arguments().split()]

    def files(self):
        tls = self.directory / "tls"
        return {"key": tls / "nginx.key", "fullchain": tls / "nginx.crt"}

    def words(self):
        return {
            "check": "%s -t -q %s" % (NGINX, self.arguments()),
            "reload": "%s -s reload %s" % (NGINX, self.arguments()),
            "enabled": self.is_on(),
        }
