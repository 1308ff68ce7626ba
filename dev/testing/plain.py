# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The tests without Odoo: pytest on ``tests/plain``."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree

from environment.paths import HOME, PYTHON, ROOT

from .tally import Tally


def run_plain(arguments):
    """Run pytest and return the :class:`Tally`; its output goes to the terminal."""
    report = HOME / 'log' / 'plain.xml'
    report.unlink(missing_ok=True)
    code = subprocess.run(
        [str(PYTHON), '-m', 'pytest', '--rootdir=tests/plain', '--confcutdir=tests/plain',
         '--import-mode=importlib', '-p', 'no:cacheprovider', '-q', f'--junit-xml={report}',
         *arguments],
        cwd=ROOT, env=os.environ | {'PYTHONDONTWRITEBYTECODE': '1'}, check=False,
    ).returncode
    tally = Tally()
    if report.exists():
        for case in ElementTree.parse(report).iter('testcase'):
            _count(case, tally)
    if code and not tally.failures:
        tally.fail('pytest', f"pytest ended with exit code {code}; its output is above.")
    return tally


def _count(case, tally):
    name = f"{case.get('classname', '')}::{case.get('name', '')}".lstrip(':')
    wrong = [child for child in case if child.tag in ('failure', 'error')]
    skipped = case.find('skipped')
    if wrong:
        tally.fail(name, "(shown above)")
    elif skipped is not None:
        tally.skip(name, skipped.get('message', ''))
    else:
        tally.passed += 1
