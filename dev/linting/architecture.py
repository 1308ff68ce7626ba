# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The walls between the rooms of the house, and the law that money is counted in integers."""

import ast
import re
from pathlib import PurePosixPath

from .files import files, text_of

# Who must not be imported where, in any way.
WALLS = {
    'gateway': {'odoo', 'simulator', 'models', 'controllers', 'wizards'},
    'simulator': {'odoo', 'gateway', 'models', 'controllers', 'wizards'},
}

MONEY_CODE = ('gateway/', 'simulator/', 'models/', 'controllers/', 'wizards/', 'static/src/')
FACTOR_JS = re.compile(r'[*/]\s*100(?:\.0*)?\b(?!\s*}%)|\b100(?:\.0*)?\s*\*')


def walls():
    """gateway/ and simulator/ know neither Odoo nor each other."""
    for room, forbidden in WALLS.items():
        for path in files('.py', under=f'{room}/'):
            depth = len(PurePosixPath(path).parts) - 1
            for node in ast.walk(ast.parse(text_of(path))):
                for name in _imported(node, depth):
                    if name in forbidden:
                        yield f"{path}:{node.lineno}: {room}/ must not import {name}"


def _imported(node, depth):
    """Yield the top-level names that an import statement reaches out of its room for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name.partition('.')[0]
    elif isinstance(node, ast.ImportFrom):
        if not node.level:
            yield (node.module or '').partition('.')[0]
        elif node.level > depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for name in names:
                yield name.partition('.')[0]


def cycles():
    """The modules of gateway/ and simulator/ do not import one another in a circle."""
    for room in WALLS:
        graph = {path: set(_neighbours(path)) for path in files('.py', under=f'{room}/')}
        done = set()
        for start in graph:
            if circle := _find_circle(start, graph, [], done):
                yield f"{circle[0]}: imports itself: {' → '.join(circle)}"


def _neighbours(path):
    """Yield the files that a file imports relatively when it is loaded."""
    folder = PurePosixPath(path).parent
    for node in ast.parse(text_of(path)).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = folder
            for _level in range(node.level - 1):
                base = base.parent
            base = base.joinpath(*(node.module or '').split('.'))
            for candidate in (base, *(base / alias.name for alias in node.names)):
                yield f'{candidate}.py'


def _find_circle(path, graph, trail, done):
    if path in trail:
        return [*trail[trail.index(path):], path]
    if path in done or path not in graph:
        return None
    for neighbour in graph[path]:
        if circle := _find_circle(neighbour, graph, [*trail, path], done):
            return circle
    done.add(path)
    return None


def money():
    """No amount is multiplied or divided by a hundred: fen are computed in one place, exactly."""
    for path in files('.py'):
        if path.startswith(MONEY_CODE):
            for node in ast.walk(ast.parse(text_of(path))):
                if _is_factor(node):
                    yield f"{path}:{node.lineno}: * 100 or / 100; money is integer fen"
    for path in files('.js'):
        if path.startswith(MONEY_CODE):
            for number, line in enumerate(text_of(path).splitlines(), 1):
                if FACTOR_JS.search(line.partition('//')[0]):
                    yield f"{path}:{number}: * 100 or / 100; money is integer fen"


def _is_factor(node):
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, (ast.Mult, ast.Div)) and _is_hundred(node.value)
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Mult, ast.Div)):
        return False
    if isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
        return False
    return _is_hundred(node.right) or isinstance(node.op, ast.Mult) and _is_hundred(node.left)


def _is_hundred(node):
    return isinstance(node, ast.Constant) and node.value in (100, 0.01)
