# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Style: ruff for all Python, pylint-odoo for what Odoo loads, syntax of scripts."""

import os
import re
import subprocess

from environment.paths import PYTHON, ROOT

from .files import files, text_of

# Not for us: the author whom OCA demands, and "self.env._" where "_" says the same.
PYLINT_ODOO_OFF = ['manifest-required-author', 'prefer-env-translation']

ODOO_PARTS = ('__init__.py', '__manifest__.py', 'controllers', 'models', 'wizards')

LICENSE_HEADER = (
    '# Part of WeChat Pay for Odoo.'
    ' See LICENSE file for full copyright and licensing details.'
)


def ruff():
    """Run ruff with the settings of pyproject.toml."""
    return _output_of(
        [str(PYTHON.with_name('ruff')), 'check', '--quiet', '--output-format=concise',
         '--cache-dir', '.odoo/ruff', '.'])


def pylint_odoo():
    """Run pylint-odoo on the parts of the addon that speak to Odoo."""
    return _output_of(
        [str(PYTHON), '-m', 'pylint', '--load-plugins=pylint_odoo', '--disable=all',
         '--enable=odoolint', f'--disable={",".join(PYLINT_ODOO_OFF)}',
         '--valid-odoo-versions=19.0', '--score=n', '--reports=n',
         '--msg-template={path}:{line}: {msg} ({symbol})',
         *(part for part in ODOO_PARTS if (ROOT / part).exists())],
        ignored=re.compile(r'^\*{5}'),
    )


def license_headers():
    """Every Python file says under which licence it stands."""
    for path in files('.py'):
        text = text_of(path)
        if text.strip() and not text.startswith(LICENSE_HEADER):
            yield f"{path}:1: the first line must be {LICENSE_HEADER!r}"


def scripts():
    """Scripts can be read by their shell and are executable."""
    for path in files():
        with (ROOT / path).open('rb') as stream:
            start = stream.readline()
        if match := re.match(rb'#!.*\b(ba)?sh\b', start):
            shell = 'bash' if match[1] else 'sh'
            yield from _output_of([shell, '-n', path])
            if not os.access(ROOT / path, os.X_OK):
                yield f"{path}:1: a script must be executable (chmod +x)"


def _output_of(command, ignored=None):
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [
        line for line in (result.stdout + result.stderr).splitlines()
        if line.strip() and not (ignored and ignored.match(line))
    ]
    if result.returncode and not lines:
        lines = [f"{command[0]} ended with exit code {result.returncode}"]
    return lines if result.returncode else []
