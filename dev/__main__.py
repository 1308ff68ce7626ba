# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Runs one of the dev commands: ``python dev COMMAND ARGS…`` (normally through ``dev/COMMAND``)."""

import importlib
import signal
import sys

from environment.console import Stop


def main():
    """Run the command named by the first argument; its return value is the exit code."""
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(143))
    # A background job of a shell starts with Ctrl-C's signal ignored; "kill -INT" must work, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command, *args = sys.argv[1:]
    try:
        return importlib.import_module(f'commands.{command}').main(args)
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        return stop.exit_code
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
