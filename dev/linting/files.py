# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The files that belong to the project."""

import functools
import subprocess

from environment.console import Stop
from environment.paths import ROOT


def files(*suffixes, under=''):
    """Return the project's files, as paths relative to its root.

    :param suffixes: endings of names, ``.py`` for instance; none: all files
    :param under: only those in this folder
    """
    return [
        path for path in _all_files()
        if path.endswith(suffixes or '') and path.startswith(under)
    ]


def text_of(path):
    """Return the text of a project file."""
    return (ROOT / path).read_text(encoding='utf-8')


@functools.cache
def _all_files():
    try:
        listed = subprocess.run(
            ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout
    except FileNotFoundError:
        return _walk()
    except subprocess.CalledProcessError as error:
        if 'dubious ownership' in error.stderr:
            raise Stop(
                "git refuses to read this checkout because it belongs to another user. Run"
                f" dev/lint as that user, or: git config --global --add safe.directory {ROOT}"
            ) from error
        return _walk()
    return sorted({path for path in listed.split('\0') if path and (ROOT / path).is_file()})


def _walk():
    """Return all files but hidden ones, for a copy of the project that is no git checkout."""
    return sorted(
        path.relative_to(ROOT).as_posix() for path in ROOT.rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
        and not any(part.startswith('.') for part in path.relative_to(ROOT).parts)
    )
