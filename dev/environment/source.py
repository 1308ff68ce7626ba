# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The Odoo 19 source: the one that ``ODOO_PATH`` names, or the one that Debian packages.

Debian's package is fetched with apt itself in a private state folder: the machine's own sources and
lists stay untouched, signatures are checked with Debian's archive keyring, nothing is installed.
"""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import system
from .console import Stop, run, say, step, tail
from .paths import HOME, LOG

VERSION = '19.0.0+dfsg-1'
SHA256 = '9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf'
SERIES = '19.0'
KEYRING = Path('/usr/share/keyrings/debian-archive-keyring.gpg')

# Fonts and scripts that the package links to instead of carrying them. Newer releases of some have
# dropped files which the links name, hence the older suite.
COMPANIONS = [
    'fonts-montserrat/sid',
    *(f'{name}/bookworm' for name in (
        'fonts-font-awesome', 'fonts-inconsolata', 'fonts-roboto-unhinted', 'fonts-ocr-b',
        'fonts-glyphicons-halflings', 'libjs-jquery', 'libjs-jquery-form', 'libjs-underscore',
    )),
]

# Debian removed this file, and the bundle of the backend names it: without a file in its place each
# test that opens the backend in a browser fails.
REMOVED = 'addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js'


class Source:
    """An Odoo source tree.

    :ivar python_path: folder to put on Python's path so that ``import odoo`` works
    :ivar addons: addons folders besides ``odoo/addons``
    :ivar identity: text that changes when the source does
    """

    def __init__(self, python_path, addons, identity):
        self.python_path = python_path
        self.addons = addons
        self.identity = identity


def odoo_source():
    """Return the Odoo to use, fetched first when there is none."""
    if path := os.environ.get('ODOO_PATH'):
        return _own_source(Path(path).expanduser().resolve())
    root = HOME / 'odoo'
    stamp = root / 'complete'
    if not stamp.exists():
        _fetch(root, stamp)
    return Source(root / 'usr/lib/python3/dist-packages', [], f'debian {stamp.read_text()}')


def _own_source(path):
    release = path / 'odoo' / 'release.py'
    if not release.exists():
        raise Stop(
            f"ODOO_PATH is {path}, and there is no odoo/release.py below it. Point it at a checkout"
            " of Odoo 19 (the folder that holds odoo-bin) or at the folder that holds odoo/."
        )
    version = re.search(r'^version_info\s*=\s*\((\d+)', release.read_text(), re.MULTILINE)
    if not version or version[1] != '19':
        found = version[1] if version else "unknown"
        raise Stop(
            f"ODOO_PATH is {path}, which holds Odoo {found}; this addon is made for Odoo {SERIES}."
        )
    head = subprocess.run(
        ['git', '-C', str(path), 'rev-parse', 'HEAD'], capture_output=True, text=True, check=False,
    ) if (path / '.git').exists() and shutil.which('git') else None
    revision = head.stdout.strip() if head else str(release.stat().st_mtime_ns)
    addons = [path / 'addons'] if (path / 'addons').is_dir() else []
    return Source(path, addons, f'{path} {revision}')


def _fetch(root, stamp):
    log = LOG / 'odoo-source.log'
    state = HOME / 'apt'
    shutil.rmtree(state, ignore_errors=True)
    for folder in ('lists/partial', 'cache/archives/partial', 'etc', 'packages'):
        (state / folder).mkdir(parents=True)
    apt = ['apt-get', '-q']
    options = {
        'Dir::Etc::sourcelist': '/dev/null',
        'Dir::Etc::sourceparts': state / 'etc',
        'Dir::Etc::preferences': '/dev/null',
        'Dir::Etc::preferencesparts': '/dev/null',
        'Dir::State::lists': state / 'lists',
        'Dir::Cache': state / 'cache',
        'Acquire::Languages': 'none',
        'Acquire::Retries': '3',
        # Old mirrors are fine: what counts is the signature, and the SHA-256 below.
        'Acquire::Check-Valid-Until': 'false',
        # The sandbox user of apt cannot write to a checkout below a private home folder.
        'APT::Sandbox::User': 'root',
        'APT::Default-Release': 'bookworm',
        'APT::Update::Error-Mode': 'any',
    }
    for name, value in options.items():
        apt += ['-o', f'{name}={value}']
    (state / 'etc' / 'odoo.sources').write_text(
        f'Types: deb\nURIs: {_mirror()}\nSuites: bookworm sid\nComponents: main\n'
        f'Signed-By: {_keyring()}\n'
    )
    packages = state / 'packages'
    with step("Odoo 19 from Debian's archive: lists of packages"):
        if run([*apt, 'update'], log):
            raise Stop(_unreachable(log))
    with step("Odoo 19 from Debian's archive: download (125 MB)"):
        if run([*apt, 'download', f'odoo-19={VERSION}'], log, cwd=packages):
            if run([*apt, 'download', 'odoo-19/sid'], log, cwd=packages):
                raise Stop(_unreachable(log))
            say(f"       Note: odoo-19 {VERSION} has left Debian's archive; the present version is"
                " used, which this project was not tested with.")
        if run([*apt, 'download', *COMPANIONS], log, cwd=packages):
            raise Stop(_unreachable(log))
    version = _check(packages)
    with step(f"Odoo {version}: unpack"):
        new = root.with_name('odoo.new')
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(root, ignore_errors=True)
        for package in sorted(packages.glob('*.deb')):
            if run(['dpkg-deb', '-x', str(package), str(new)], log):
                raise Stop(f"Could not unpack {package.name}: is the disk full?\n{tail(log)}")
        removed = new / 'usr/lib/python3/dist-packages/odoo' / REMOVED
        if not removed.exists():
            removed.parent.mkdir(parents=True, exist_ok=True)
            removed.write_text("/* Debian's package does not carry this file. */\n")
        new.rename(root)
        stamp.write_text(version)
        shutil.rmtree(state)


def _check(packages):
    """Check the version, and the SHA-256 of the pinned one; apt has checked the signatures."""
    package, = packages.glob('odoo-19_*.deb')
    version = subprocess.run(
        ['dpkg-deb', '-f', str(package), 'Version'], capture_output=True, text=True, check=True,
    ).stdout.strip()
    if not version.startswith(f'{SERIES}.'):
        raise Stop(
            f"Debian's odoo-19 is now version {version}, not {SERIES}. Point ODOO_PATH at an Odoo"
            f" {SERIES} of your own."
        )
    if version == VERSION:
        with package.open('rb') as stream:
            digest = hashlib.sha256()
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
        if digest.hexdigest() != SHA256:
            raise Stop(
                f"The package odoo-19 {VERSION} is not the one this project knows (its SHA-256 is"
                f" {digest.hexdigest()}). Nothing was unpacked. Use another mirror"
                " (WECHAT_DEBIAN_MIRROR) or an Odoo of your own (ODOO_PATH)."
            )
    return version


def _mirror():
    """Return the address of a Debian archive: the one that the user names, or the one that this
    machine's apt uses, or the one that apt's own templates name (Ubuntu and others)."""
    if mirror := os.environ.get('WECHAT_DEBIAN_MIRROR'):
        return mirror.rstrip('/')
    if not shutil.which('apt-get') or not shutil.which('dpkg-deb'):
        raise Stop(
            "There is no apt-get on this machine to fetch Debian's odoo-19 package with. Point"
            " ODOO_PATH at an Odoo 19 of your own, for instance a git checkout of branch 19.0."
        )
    if _is_debian():
        indexes = subprocess.run(
            ['apt-get', '--print-uris', 'update'], capture_output=True, text=True, check=False,
        ).stdout
        suites = 'bookworm|trixie|forky|sid|stable|testing|unstable'
        if found := re.search(rf"^'(.+?)/dists/(?:{suites})/", indexes, re.MULTILINE):
            return found[1]
    templates = Path('/usr/share/python-apt/templates/Debian.info')
    if not templates.exists():
        system.install(['python-apt-common'], "The address of Debian's archive")
    if found := re.search(r'^BaseURI:\s*(\S+?)/?$', templates.read_text(), re.MULTILINE):
        return found[1]
    raise Stop(
        "No address of a Debian archive is known on this machine. Put one into"
        " WECHAT_DEBIAN_MIRROR, or point ODOO_PATH at an Odoo 19 of your own."
    )


def _is_debian():
    release = Path('/etc/os-release')
    return release.exists() and bool(
        re.search(r'^ID=["\']?debian', release.read_text(), re.MULTILINE))


def _keyring():
    if not KEYRING.exists():
        system.install(['debian-archive-keyring'], "The keyring of Debian's archive")
    return KEYRING


def _unreachable(log):
    return (
        "Odoo 19 could not be fetched from Debian's archive. Check the network (and the proxy that"
        " apt uses), name another mirror in WECHAT_DEBIAN_MIRROR, or point ODOO_PATH at an Odoo 19"
        f" of your own. The end of {log}:\n{tail(log)}"
    )
