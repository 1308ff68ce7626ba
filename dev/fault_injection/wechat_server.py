# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The simulated WeChat as a process that can be killed: ``wechat_server.py PORT LEDGER``.

As ``python -m simulator``, but the harness delivers the notifications: it decides what becomes of
each of them.
"""

import logging
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from simulator import Simulator  # noqa: E402


def main():
    """Serve until killed."""
    port, ledger = sys.argv[1:]
    logging.getLogger('werkzeug').setLevel(logging.WARNING)
    Simulator(ledger=ledger).serve(port=int(port), notify=False)
    threading.Event().wait()


if __name__ == '__main__':
    main()
