# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Where pictures are saved: small PNG files, single or side by side."""

import io

from PIL import Image, ImageDraw

LIMIT = 300_000  # bytes
GAP = 24  # pixels between two pictures, and around them
BACKGROUND = '#e9ecef'


class Album:
    """The folder of one language.

    :param names: the pictures that are wanted
    """

    def __init__(self, folder, names):
        self._folder = folder
        self._names = names
        self.saved = []

    def check(self):
        """Raise if a picture that is wanted was never taken."""
        missing = set(self._names) - {path.stem for path in self.saved}
        if missing:
            raise ValueError(f"The story has no picture of these names: {', '.join(missing)}.")

    def save(self, name, *pictures):
        """Save a picture that is wanted, or several of them side by side, as ``name.png``.

        :param pictures: PNG as bytes
        """
        if name not in self._names:
            return
        opened = [Image.open(io.BytesIO(picture)).convert('RGB') for picture in pictures]
        picture = opened[0] if len(opened) == 1 else _side_by_side(opened)
        path = self._folder / f'{name}.png'
        # Screens have few colours: 256 of them look the same and take a third of the space.
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        size = path.stat().st_size
        if size > LIMIT:
            raise ValueError(f"{path} has {size} bytes, more than the {LIMIT} that are allowed.")
        self.saved.append(path)


def _side_by_side(pictures):
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) + 1)
    height = max(picture.height for picture in pictures) + GAP * 2
    sheet = Image.new('RGB', (width, height), BACKGROUND)
    left = GAP
    for picture in pictures:
        top = (height - picture.height) // 2
        sheet.paste(picture, (left, top))
        ImageDraw.Draw(sheet).rectangle(
            (left - 1, top - 1, left + picture.width, top + picture.height), outline='#ced4da')
        left += picture.width + GAP
    return sheet
