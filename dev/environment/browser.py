# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Chromium for tours, unit tests and pictures, with a font that holds Chinese characters."""

import shutil
from pathlib import Path

from . import system
from .console import Stop, say

NAMES = ('google-chrome', 'chromium', 'chromium-browser', 'google-chrome-stable')
FONTS = (
    '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc',
    '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
)


def prepare_browser():
    """Install Chromium and a Chinese font if they are missing; return Chromium's path."""
    if not (found := _find()):
        try:
            system.install(['chromium', 'fonts-wqy-microhei'], "Chromium (for tests in a browser)")
        except Stop as stop:
            raise Stop(
                f"{stop}\nWhere there is no such package (Ubuntu), install Google Chrome or the"
                " chromium snap; it must be on the PATH."
            ) from stop
        found = _find()
    if not found:
        raise Stop("No Chromium was found on the PATH, and browser tests need one. Install Google"
                   " Chrome or Chromium.")
    if not any(Path(font).exists() for font in FONTS):
        try:
            system.install(['fonts-wqy-microhei'], "A font with Chinese characters")
        except Stop as stop:
            say(f"       Note: pages in Chinese will show boxes. {stop}")
    return found


def _find():
    return next(filter(None, map(shutil.which, NAMES)), None)
