# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""``dev/i18n``: brings wechat.pot and all translations up to date with the sources.

Odoo's own export writes the template, from a database that is made for it and removed again. A
translation stays with its English text for as long as that text exists, word for word. Prints the
texts that wait for a translator; the exit code is 1 when there are any.
"""

import argparse
import site

from environment.console import say, step
from environment.databases import drop
from environment.odoo import ready
from environment.paths import ADDON, HOME, PYTHON, ROOT
from environment.test_template import TEST_TEMPLATE

DATABASE = 'wechat_i18n'
FOLDER = ROOT / 'i18n'
TEMPLATE = FOLDER / f'{ADDON}.pot'


def main(args):
    """Refresh the files and return the exit code: 1 when a text is not translated."""
    argparse.ArgumentParser(
        prog='dev/i18n', description="Brings the translations up to date with the sources.",
    ).parse_args(args)
    exported = HOME / 'log' / TEMPLATE.name
    with ready() as odoo:
        _export(odoo, exported)
    # polib is in the environment that is there by now; the same Python made it.
    for folder in PYTHON.parents[1].glob('lib/python3*/site-packages'):
        site.addsitedir(str(folder))
    import polib

    new = polib.pofile(str(exported))
    if not TEMPLATE.exists() or _texts(polib.pofile(str(TEMPLATE))) != _texts(new):
        # Otherwise only the dates differ.
        TEMPLATE.write_bytes(exported.read_bytes())
    missing = 0
    for path in sorted(FOLDER.glob('*.po')):
        old = polib.pofile(str(path))
        merged = _merge(old, new)
        if _texts(old) != _texts(merged):
            merged.save(str(path))
        for entry in merged.untranslated_entries():
            print(f"{path.relative_to(ROOT)}: not translated: {entry.msgid!r}", flush=True)
            missing += 1
    say(f"{len(new)} texts, {missing or 'no'} missing translations")
    return 1 if missing else 0


def _export(odoo, path):
    """Write the template of the addon as it is now to a file."""
    log = f'{DATABASE}.log'
    try:
        with step("A database for the export"):
            TEST_TEMPLATE.prepare(odoo)
            TEST_TEMPLATE.copy_to(odoo, DATABASE)
        odoo.do("The addon in it", log, '-d', DATABASE, '-i', ADDON, '--stop-after-init',
                '--no-http', '--max-cron-threads=0')
        odoo.do("Odoo's export", log, 'i18n', 'export', '-d', DATABASE, '-o', path, ADDON)
    finally:
        drop(odoo, DATABASE)


def _merge(old, template):
    """Return the template with the translations that fit it, under the old header."""
    import polib

    known = {
        (entry.msgctxt, entry.msgid): entry.msgstr
        for entry in old if not entry.fuzzy and not entry.obsolete
    }
    merged = polib.POFile(wrapwidth=template.wrapwidth)
    merged.header = old.header
    merged.metadata = old.metadata
    for entry in template:
        merged.append(polib.POEntry(
            msgctxt=entry.msgctxt, msgid=entry.msgid,
            msgstr=known.get((entry.msgctxt, entry.msgid), ''),
            comment=entry.comment, occurrences=entry.occurrences,
        ))
    return merged


def _texts(file):
    return [
        (entry.msgctxt, entry.msgid, entry.msgstr, entry.comment, entry.occurrences, entry.flags)
        for entry in file
    ]
