# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""``dev/lint``: style and the house rules that a program can check. Prints one line per defect."""

import argparse
import importlib
import site
import time

from environment import paths, venv
from environment.console import say
from environment.lock import setting_up
from environment.paths import PYTHON

CHECKS = {
    'style': ('ruff', 'pylint_odoo', 'license_headers', 'scripts'),
    'content': ('xml', 'translations', 'javascript_tests', 'secrets'),
    'architecture': ('walls', 'cycles', 'money'),
}


def main(args):
    """Run all checks and return the exit code: 1 when there is a defect."""
    argparse.ArgumentParser(
        prog='dev/lint', description="Checks style and house rules.").parse_args(args)
    paths.prepare_home()
    with setting_up():
        venv.prepare_venv()
    _use_packages_of_venv()
    defects = 0
    for module, names in CHECKS.items():
        checks = importlib.import_module(f'linting.{module}')
        for name in names:
            started = time.monotonic()
            found = list(getattr(checks, name)())
            seconds = time.monotonic() - started
            say(f"{seconds:4.0f} s {name}: {len(found) or 'no'} defect{'s' * (len(found) != 1)}")
            for line in found:
                print(line, flush=True)
            defects += len(found)
    print(f"{defects} defects" if defects else "no defects", flush=True)
    return 1 if defects else 0


def _use_packages_of_venv():
    """Let polib be imported: it is plain Python, and the same Python made the environment."""
    for folder in PYTHON.parents[1].glob('lib/python3*/site-packages'):
        site.addsitedir(str(folder))
