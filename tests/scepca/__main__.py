# SPDX-License-Identifier: Apache-2.0
"""The command line: python3 tests/scepca --dir DIR ..."""

import argparse
import json
import os
import runpy
import signal
import sys
import threading

if not __package__:
    # Run as a directory: begins again as the package that the directory is.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[0] = os.path.dirname(here)
    runpy.run_module(os.path.basename(here), run_name="__main__", alter_sys=True)
    sys.exit()

from .behaviour import Behaviour, BehaviourError
from .files import write_atomically
from .nursery import serve
from .server import Server
from .service import Service


def arguments(words):
    parser = argparse.ArgumentParser(prog="scepca", description=__doc__)
    parser.add_argument("--dir", required=True, help="where the CA keeps its state")
    parser.add_argument("--listen", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--ready-file", help="written when the CA listens")
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument("--challenge", help="the challenge password to ask for")
    secret.add_argument("--challenge-file", help="a file that holds it")
    parser.add_argument("--behaviour", default="{}", help="JSON, or @FILE")
    parser.add_argument(
        "--until-eof", action="store_true", help="end when standard input does"
    )
    return parser.parse_args(words)


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def behaviour_of(options):
    text = options.behaviour
    if text.startswith("@"):
        text = read_text(text[1:])
    settings = json.loads(text)
    if options.challenge_file:
        settings["challenge"] = read_text(options.challenge_file).rstrip("\n")
    elif options.challenge is not None:
        settings["challenge"] = options.challenge
    return Behaviour(settings)


def end_at_once(*_):
    os._exit(0)


def end_with_standard_input():
    while os.read(0, 4096):
        pass
    end_at_once()


def main(words):
    options = arguments(words)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end_at_once)
    if options.until_eof:
        threading.Thread(target=end_with_standard_input, daemon=True).start()
    try:
        os.makedirs(options.dir, exist_ok=True)
        service = Service(os.path.abspath(options.dir), behaviour_of(options))
        server = Server(options.listen, options.port, service)
    except (BehaviourError, ValueError, OSError) as error:
        sys.exit("scepca: %s" % error)
    if options.ready_file:
        state = {"port": server.server_address[1], "url": server.url}
        state.update(service.state(), pid=os.getpid())
        write_atomically(options.ready_file, json.dumps(state).encode())
    server.serve_forever()


if sys.argv[1:] == ["--nursery"]:
    serve(main)
else:
    main(sys.argv[1:])
