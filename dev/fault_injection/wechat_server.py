# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The simulated WeChat as a process that can be killed: ``wechat_server.py PORT LEDGER``.

As ``python -m simulator``, but the harness delivers the notifications: it decides what becomes of
each of them. For each line that comes in, a process that serves is forked and its number printed:
a WeChat that has been killed is back in no time.
"""

import ctypes
import logging
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from simulator import Simulator

PR_SET_PDEATHSIG = 1  # prctl(2)


def main():
    """Fork whenever asked to, until the harness has gone."""
    port, ledger = sys.argv[1:]
    logging.getLogger('werkzeug').setLevel(logging.WARNING)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _line in sys.stdin:
        child = os.fork()
        if not child:
            _serve(int(port), ledger)
        print(child, flush=True)


def _serve(port, ledger):
    # A fork does not inherit it: whoever kills the parent wants this one gone as well.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    sys.stdin.close()
    Simulator(ledger=ledger).serve(port=port, notify=False)
    threading.Event().wait()


if __name__ == '__main__':
    main()
