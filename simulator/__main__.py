# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""`python -m simulator`: the simulated WeChat Pay as a server of its own."""
import argparse
import contextlib
import errno
import logging
import signal
import sys
import threading

from . import DEMO_MERCHANT, DEMO_PROVIDER, LedgerError, Simulator
from .simulator import LONGEST_PHONE_URL


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog='python -m simulator',
        description="A WeChat Pay (API V2) on your own machine, with a phone to pay with. "
        "For development only: no password protects it.",
    )
    parser.add_argument('--port', type=int, required=True, help="0 takes a free one")
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument(
        '--ledger', metavar='FILE', help="keep everything in this SQLite file (default: forget it)"
    )
    parser.add_argument(
        '--tls', metavar='DIR',
        help="serve HTTPS with the certificates in this folder (made if absent), and demand the "
        "merchant's client certificate where WeChat does",
    )
    parser.add_argument(
        '--phone-url', metavar='URL',
        help="address of the phone page, to stand in the codes (default: this server's; "
        "'weixin' for codes that look like WeChat's own)",
    )
    parser.add_argument('--speed', type=float, metavar='X', help="let time pass X times as fast")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run until SIGTERM or SIGINT; returns the exit code."""
    options = _parse(arguments)
    if len(options.phone_url or '') > LONGEST_PHONE_URL:
        print(
            f"The --phone-url may have {LONGEST_PHONE_URL} characters, so that it fits into a "
            "code. Use a shorter host name or path.", file=sys.stderr,
        )
        return 2
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    logging.getLogger('werkzeug').setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    with contextlib.ExitStack() as stack:
        try:
            simulator = Simulator(ledger=options.ledger)
            stack.callback(simulator.close)
            if options.speed is not None:
                simulator.clock.speed(options.speed)
            server = simulator.serve(options.host, options.port, tls=options.tls)
            stack.callback(server.stop)
            phone_url = options.phone_url or f'{server.url}/phone'
            simulator.set_phone_url(None if phone_url == 'weixin' else phone_url)
        except (LedgerError, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
        except OSError as error:
            print(_explain(error, options), file=sys.stderr)
            return 2
        _greet(server, phone_url)
        stopping.wait()
        print("The simulator stops.", flush=True)
    return 0


def _explain(error, options):
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {options.port} on {options.host} is taken. "
            "Stop what listens there or choose another --port (0 takes a free one)."
        )
    return f"The simulator cannot start on {options.host}:{options.port}: {error}."


def _greet(server, phone_url):
    demo, provider = DEMO_MERCHANT, DEMO_PROVIDER
    lines = [
        "WeChat Pay simulator (development only: keep it on this machine)",
        f"  API      {server.url}/",
        f"  Phone    {server.url}/phone",
        f"  Control  {server.url}/control",
        f"  Codes    {phone_url}?pr=…" if phone_url != 'weixin' else "  Codes    weixin://…",
        f"Test merchant     appid {demo['appid']}  mch_id {demo['mch_id']}",
        f"                  APIv2 key {demo['api_key']}",
        f"Service provider  appid {provider['appid']}  mch_id {provider['mch_id']}"
        f"  sub_mch_id {provider['sub_mch_id']}",
        f"                  APIv2 key {provider['api_key']}",
    ]
    if server.folder:
        lines.append(f"Certificates      {server.folder}: ca.pem, apiclient_cert.pem, …")
    print('\n'.join(lines), flush=True)


if __name__ == '__main__':
    sys.exit(main())
