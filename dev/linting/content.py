# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""XML, translations, tests in JavaScript, and secrets that must not be in a repository."""

import re
import xml.etree.ElementTree as ElementTree

from environment.paths import ROOT

from .files import files, text_of

COMPLETE_TRANSLATIONS = ('i18n/zh_CN.po', 'i18n/zh_TW.po')

UNFINISHED_JS_TEST = re.compile(r'\b(?:test|describe)\.(?:only|debug|skip|todo)\b')

SECRETS = {
    "a private key": re.compile(r'-----BEGIN [A-Z ]*PRIVATE KEY-----'),
    "an access token": re.compile(
        r'\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|glpat-[\w-]{20}|xox[bp]-[\w-]{20,})'),
    "a WeChat key": re.compile(
        r'(?:api_?key|app_?secret|api_?v3_?key)[\'"]?\s*[=:]\s*[\'"][0-9A-Za-z]{32}[\'"]', re.I),
}
# These hold keys that are no secrets: those of simulated merchants, and of WeChat's own examples.
PLAY_KEYS = ('simulator/', 'tests/')


def xml():
    """XML files are well-formed."""
    for path in files('.xml', '.svg'):
        try:
            ElementTree.parse(ROOT / path)
        except ElementTree.ParseError as error:
            yield f"{path}: {error}"


def translations():
    """Translations can be read, hold the placeholders of the source, and Chinese is complete."""
    import polib

    template = ROOT / 'i18n' / 'wechat.pot'
    wanted = {entry.msgid for entry in polib.pofile(str(template))} if template.exists() else set()
    for path in files('.po', under='i18n/'):
        entries = polib.pofile(str(ROOT / path))
        for entry in entries:
            if entry.obsolete:
                continue
            place = f"{path}:{entry.linenum}"
            if path in COMPLETE_TRANSLATIONS and not entry.translated():
                yield f"{place}: not translated, or fuzzy: {entry.msgid!r}"
            elif entry.msgstr and _placeholders(entry.msgid) != _placeholders(entry.msgstr):
                yield f"{place}: placeholders differ from those of {entry.msgid!r}"
        if path in COMPLETE_TRANSLATIONS:
            for missing in sorted(wanted - {entry.msgid for entry in entries}):
                yield f"{path}: missing, but in wechat.pot: {missing!r}"


def _placeholders(text):
    return sorted(re.findall(r'%\(\w+\)[sd]|%[sd]|\$\{[^}]*\}', text))


def javascript_tests():
    """No test in JavaScript is switched off or runs alone."""
    for path in files('.js', under='static/tests/'):
        for number, line in enumerate(text_of(path).splitlines(), 1):
            if UNFINISHED_JS_TEST.search(line):
                yield f"{path}:{number}: a test that is skipped, or keeps others from running"


def secrets():
    """Nothing that looks like a secret is in the repository."""
    for path in files():
        try:
            text = text_of(path)
        except UnicodeDecodeError:
            continue
        for what, pattern in SECRETS.items():
            if what == "a WeChat key" and path.startswith(PLAY_KEYS):
                continue
            for match in pattern.finditer(text):
                yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: looks like {what}"
