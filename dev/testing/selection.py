# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Finds the tests that a NAME given to ``dev/test`` means.

A NAME is a test file (with or without folder and suffix), a class, a method, ``Class.method``, or
one of the words ``plain``, ``odoo``, ``hoot`` and ``lifecycle`` for all tests of that kind.
"""

import ast
import difflib
from dataclasses import dataclass, field
from pathlib import Path

from environment.console import Stop
from environment.paths import ADDON, ROOT

TESTS = ROOT / 'tests'
PLAIN = TESTS / 'plain'
STATIC_TESTS = ROOT / 'static' / 'tests'
HOOT = STATIC_TESTS / 'unit'
HOOT_SUFFIX = '.test.js'


@dataclass
class Selection:
    """What to run, in the words of each test runner.

    :ivar plain: arguments of pytest
    :ivar odoo: test tags of Odoo
    :ivar hoot: names of HOOT suites
    :ivar lifecycle: whether to install, update and remove the addon on a database without demo
    """

    plain: list = field(default_factory=list)
    odoo: list = field(default_factory=list)
    hoot: list = field(default_factory=list)
    lifecycle: bool = False


def select(names):
    """Return the :class:`Selection` for these names; everything when there are none."""
    selection = Selection()
    for name in names or ('plain', 'odoo', 'hoot', 'lifecycle'):
        if name == 'lifecycle':
            selection.lifecycle = True
        else:
            _find(name, selection, known=not names)
    return selection


def _find(name, selection, known):
    if name in ('plain', 'odoo', 'hoot'):
        kinds = {'plain': (PLAIN, 'test_*.py'), 'odoo': (TESTS, 'test_*.py'),
                 'hoot': (HOOT, f'*{HOOT_SUFFIX}')}
        folder, pattern = kinds[name]
        if any(folder.glob(pattern) if name != 'hoot' else folder.rglob(pattern)):
            whole = {'plain': str(PLAIN.relative_to(ROOT)), 'odoo': f'/{ADDON}',
                     'hoot': f'@{ADDON}'}
            getattr(selection, name).append(whole[name])
        elif not known:
            raise Stop(f"There are no {name} tests in {folder}.", exit_code=2)
        return
    found = [
        *_plain_matches(name, selection), *_odoo_matches(name, selection),
        *_hoot_matches(name, selection),
    ]
    if not found:
        close = difflib.get_close_matches(name, sorted(set(_all_names())), n=3, cutoff=0.5)
        hint = f" Close to it: {', '.join(close)}." if close else ""
        raise Stop(f"No test file, class or method is called {name!r}.{hint}", exit_code=2)


def _plain_matches(name, selection):
    for path, found in _python_matches(name, PLAIN):
        node = '::'.join([str(path.relative_to(ROOT)), *found])
        selection.plain.append(node)
        yield node


def _odoo_matches(name, selection):
    for path, found in _python_matches(name, TESTS):
        tag = f'/{ADDON}/{path.relative_to(ROOT)}'
        if found:
            tag += f':{found[0]}' + ''.join(f'.{method}' for method in found[1:])
        selection.odoo.append(tag)
        yield tag


def _hoot_matches(name, selection):
    for path in HOOT.rglob(f'*{HOOT_SUFFIX}'):
        suite = path.relative_to(STATIC_TESTS).as_posix().removesuffix(HOOT_SUFFIX)
        names = (suite, path.name, path.name.removesuffix(HOOT_SUFFIX))
        if name in names or _same_file(name, path):
            selection.hoot.append(f'@{ADDON}/{suite}')
            yield suite


def _python_matches(name, folder):
    """Yield pairs: a test file in the folder, and ``()``, ``(class,)``, ``(class, method)`` or
    ``(function,)``."""
    for path in sorted(folder.glob('test_*.py')):
        if name in (path.name, path.stem) or _same_file(name, path):
            yield path, ()
            continue
        for found in _definitions(path):
            if name in ('.'.join(found), '::'.join(found), found[-1]):
                yield path, found


def _definitions(path):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith('test'):
            yield (node.name,)
        elif isinstance(node, ast.ClassDef):
            yield (node.name,)
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name.startswith('test'):
                    yield node.name, method.name


def _same_file(name, path):
    return '/' in name and Path(name).resolve() == path.resolve()


def _all_names():
    for folder in (PLAIN, TESTS):
        for path in folder.glob('test_*.py'):
            yield path.stem
            for found in _definitions(path):
                yield found[-1]
    for path in HOOT.rglob(f'*{HOOT_SUFFIX}'):
        yield path.name.removesuffix(HOOT_SUFFIX)
