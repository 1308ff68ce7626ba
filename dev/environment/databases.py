# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Databases: templates that take minutes to make, and copies of them that take a second."""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from .console import Stop
from .lock import setting_up
from .paths import DATA, TEMPLATES

PREGENERATE = "env['ir.qweb']._pregenerate_assets_bundles(); env.cr.commit()\n"


class Template:
    """A database to copy from.

    :param name: name of the database, ``tpl_…``
    :param make: function ``make(odoo, name)`` that creates the database of that name
    :param recipe: text that changes when ``make`` does something else
    """

    def __init__(self, name, make, recipe):
        self.name = name
        self._make = make
        self._recipe = hashlib.sha256(recipe.encode()).hexdigest()

    def prepare(self, odoo):
        """Make the template unless there is one for this Odoo and this recipe."""
        stamp = TEMPLATES / f'{self.name}.json'
        wanted = {'odoo': odoo.identity, 'recipe': self._recipe}
        with setting_up():
            if (stamp.exists() and json.loads(stamp.read_text()) == wanted
                    and exists(odoo, self.name)):
                return
            TEMPLATES.mkdir(exist_ok=True)
            stamp.unlink(missing_ok=True)
            drop(odoo, self.name)
            self._make(odoo, self.name)
            stamp.write_text(json.dumps(wanted))

    def copy_to(self, odoo, name):
        """Make the database ``name`` a fresh copy of the template."""
        drop(odoo, name)
        odoo.postgres.sql(f'CREATE DATABASE "{checked(name)}" TEMPLATE "{self.name}"')
        if filestore(self.name).exists():
            shutil.copytree(
                filestore(self.name), filestore(name), copy_function=_link, dirs_exist_ok=True)


def exists(odoo, name):
    """Tell whether a database of this name exists."""
    return checked(name) in odoo.postgres.sql('SELECT datname FROM pg_database')


def drop(odoo, name):
    """Remove a database, and its files, if it exists."""
    odoo.postgres.sql(f'DROP DATABASE IF EXISTS "{checked(name)}" WITH (FORCE)')
    shutil.rmtree(filestore(name), ignore_errors=True)


def filestore(name):
    """Return the folder with the files (attachments) of a database."""
    return DATA / 'filestore' / checked(name)


def checked(name):
    """Return the name of a database if it is one; it becomes part of SQL and of a path."""
    if not re.fullmatch(r'[A-Za-z][A-Za-z0-9_-]{0,62}', name):
        raise Stop(
            f"{name!r} is no good name for a database: use letters, digits, _ and -, at most 63."
        )
    return name


def recipe_of(*files):
    """Return the contents of the files that say how a template is made."""
    return '\n'.join(Path(file).read_text(encoding='utf-8') for file in files)


def _link(source, target):
    """Link instead of copying: Odoo never changes a file of its store, it only adds and removes."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
