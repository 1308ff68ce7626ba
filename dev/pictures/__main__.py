# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Takes the pictures in one language. Run by ``dev/screenshots``, which starts the servers."""

import argparse
import sys
from pathlib import Path

from album import Album
from artwork import draw_banner, draw_icon
from books import Books
from phone import Phone
from playwright.sync_api import Error, sync_playwright
from story import tell
from till import Till

LAST = Path(__file__).resolve().parents[2] / '.odoo' / 'log' / 'pictures-last.png'


def main():
    """Take the pictures and return the exit code."""
    options = _parse()
    album = Album(options.folder, options.names)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=['--no-sandbox'])
        till = Till(browser, options.lang, options.odoo, options.shop)
        phone = Phone(browser, options.lang, options.phone)
        phone.open(options.lang)
        books = Books(browser, options.lang, options.odoo)
        try:
            tell(album, till, phone, books)
        except Error:
            _show_all(till, phone, books)
            raise
        album.check()
        if options.artwork:
            draw_icon(browser, options.artwork)
            draw_banner(browser, options.artwork)
    for path in album.saved:
        print(f"{path.stat().st_size / 1024:6.0f} kB {path}", flush=True)
    return 0


def _parse():
    parser = argparse.ArgumentParser()
    for name in ('chromium', 'odoo', 'phone', 'shop', 'lang'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--folder', required=True, type=Path)
    parser.add_argument('--artwork', type=Path, help="folder of icon and banner, drawn as well")
    parser.add_argument('names', nargs='+')
    return parser.parse_args()


def _show_all(*windows):
    """Keep what everybody saw when it went wrong."""
    last = Album(LAST.parent, [LAST.stem])
    last.save(LAST.stem, *(window.picture() for window in windows))


if __name__ == '__main__':
    sys.exit(main())
