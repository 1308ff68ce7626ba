# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The addon's icon and banner, drawn by the browser."""

import base64
from pathlib import Path

BANNER = Path(__file__).with_name('banner.html')


def draw_icon(browser, folder):
    """Turn ``icon.svg`` into ``icon.png``, 256 × 256 pixels."""
    page = browser.new_page(viewport={'width': 256, 'height': 256})
    svg = (folder / 'icon.svg').read_text(encoding='utf-8')
    page.set_content(f'<style>body {{ margin: 0 }}</style>{svg}')
    page.screenshot(path=folder / 'icon.png', omit_background=True)
    page.close()


def draw_banner(browser, folder):
    """Make ``banner.png`` of icon, title and a picture."""
    page = browser.new_page(viewport={'width': 1120, 'height': 560})
    html = BANNER.read_text(encoding='utf-8')
    for mark, name in (('ICON', 'icon.png'), ('SHOT', 'images/till_and_phone.png')):
        content = base64.b64encode((folder / name).read_bytes()).decode()
        html = html.replace(f'"{mark}"', f'"data:image/png;base64,{content}"')
    page.set_content(html)
    page.wait_for_load_state()
    page.screenshot(path=folder / 'banner.png')
    page.close()
