# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Bar code and QR code of a payment code, as SVG."""
import qrcode
from reportlab.graphics.barcode.code128 import Code128

QUIET = 10      # modules of white on both sides of a bar code
BORDER = 2


def barcode_svg(text):
    """Code 128 of a text, one unit per module, stretched to its box."""
    code = Code128(text)
    code.validate()
    code.encode()
    x, bars = QUIET, []
    for letter in code.decompose():
        width = 'abcd'.index(letter.lower()) + 1
        if letter.isupper():
            bars.append(f'M{x} 0h{width}v1h-{width}z')
        x += width
    return _svg(x + QUIET, 1, ''.join(bars), 'none')


def qr_svg(text):
    """QR code of a text."""
    code = qrcode.QRCode(border=BORDER, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    matrix = code.get_matrix()
    squares = [
        f'M{x} {y}h1v1h-1z'
        for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark
    ]
    return _svg(len(matrix), len(matrix), ''.join(squares), 'xMidYMid')


def _svg(width, height, path, ratio):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="{ratio}" shape-rendering="crispEdges">'
        f'<path fill="#000" d="{path}"/></svg>'
    )
