# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The addons folder ``.odoo/farm`` in which Odoo finds this repository as the addon ``wechat``.

It is a real folder with one link per part of the addon. A single link to the whole repository would
lead back into ``.odoo``, and Odoo's translation export follows links without end.
"""

from .paths import ADDON, FARM, ROOT

NOT_ADDON = {'dev', 'doc', 'build', 'dist'}


def prepare_farm():
    """Make the links agree with what the repository holds now."""
    folder = FARM / ADDON
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {entry.name for entry in ROOT.iterdir() if _belongs(entry)}
    for link in folder.iterdir():
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name in wanted:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(ROOT / name)


def addon_files():
    """Yield the files that an installed addon was made from, tests and caches left out."""
    for entry in filter(_belongs, ROOT.iterdir()):
        files = entry.rglob('*') if entry.is_dir() else [entry]
        for file in files:
            inside = file.relative_to(ROOT).parts
            if file.is_file() and not {'tests', '__pycache__'} & set(inside):
                yield file


def _belongs(entry):
    if entry.name.startswith(('.', '__pycache__')) or entry.name.endswith('.egg-info'):
        return False
    return entry.suffix == '.py' or (entry.is_dir() and entry.name not in NOT_ADDON)
