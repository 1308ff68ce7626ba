# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""``gateway/`` and ``simulator/`` know neither Odoo nor each other."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {'gateway': {'odoo', 'simulator'}, 'simulator': {'odoo', 'gateway'}}
FILES = [
    (package, path)
    for package in FORBIDDEN
    for path in sorted((ROOT / package).rglob('*.py'))
]


def imported(source, depth):
    """Yield the name of everything that ``source`` imports from outside its own package.

    :param int depth: how many packages lie between the file and the repository root; a relative
        import that climbs higher leaves the package
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split('.')[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split('.')[0]
        elif isinstance(node, ast.ImportFrom) and node.level > depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (name.split('.')[0] for name in names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ('__import__', 'import_module')
        ):
            yield ast.unparse(node.args[0]).strip('\'"').split('.')[0]


def test_both_packages_are_looked_at():
    assert {package for package, _path in FILES} == set(FORBIDDEN)


@pytest.mark.parametrize(('package', 'path'), FILES, ids=[
    str(path.relative_to(ROOT)) for _package, path in FILES])
def test_imports_stay_behind_the_wall(package, path):
    depth = len(path.relative_to(ROOT).parts) - 1
    names = set(imported(path.read_text(), depth))
    assert not names & FORBIDDEN[package]


@pytest.mark.parametrize(('source', 'name'), [
    ("import odoo.tools", 'odoo'),
    ("from odoo import fields", 'odoo'),
    ("def f():\n    from simulator.wire import sign", 'simulator'),
    ("from ..simulator import wire", 'simulator'),
    ("from .. import simulator", 'simulator'),
    ("import importlib\nimportlib.import_module('odoo.tools')", 'odoo'),
])
def test_the_wall_has_no_holes(source, name):
    assert name in set(imported(source, 1))


def test_neighbours_may_be_imported():
    assert set(imported("from . import wire\nfrom .wire import sign", 1)) == set()
