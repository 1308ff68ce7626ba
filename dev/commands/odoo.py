# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""``dev/odoo ARGS…``: Odoo's own command line in the prepared environment.

The addons path holds this repository (as ``wechat``) and the folders of ``WECHAT_EXTRA_ADDONS``
(separated by commas). A private PostgreSQL is started if need be. For example::

    dev/odoo -d mine -i wechat --with-demo    a database with Odoo's demo shops and this addon
    dev/odoo shell -d mine                    Odoo's Python prompt
    dev/odoo i18n export -d mine wechat       translation template
"""

import signal
import subprocess

from environment.children import die_with_parent
from environment.console import say
from environment.odoo import HTTP_PORT, free_port, ready

PORT_OPTIONS = ('-p', '--http-port', '--no-http')


def main(args):
    """Run Odoo with the arguments given and return its exit code."""
    with ready() as odoo:
        env = odoo.environment
        if 'ODOO_HTTP_PORT' not in env and not any(arg.startswith(PORT_OPTIONS) for arg in args):
            port = free_port()
            env['ODOO_HTTP_PORT'] = str(port)
            serves = not args or args[0].startswith('-') or args[0] == 'server'
            if serves and port != HTTP_PORT and '--stop-after-init' not in args:
                say(f"       Port {HTTP_PORT} is taken; Odoo listens on http://127.0.0.1:{port}")
        process = subprocess.Popen(odoo.command(*args), env=env, preexec_fn=die_with_parent)
        # The terminal sends Ctrl-C to Odoo as well; wait for it to close down.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_args: process.terminate())
        return process.wait()
