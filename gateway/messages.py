# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""WeChat's XML: one root, one flat level of text. Read with distrust, written to be signed."""

import re

from lxml import etree

from .values import sendable

MAX_BYTES = 1024 * 1024
_DECLARATION = re.compile(r'\s*(<\?xml[^<>]*\?>)?\s*')


class MessageError(ValueError):
    """The bytes are no message of WeChat's.

    ``reason`` is ``empty``, ``too_large``, ``dtd`` or ``bad_xml``.
    """

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


def read_message(raw, root='xml'):
    """Return the fields (dict of str) of one XML message.

    Only what WeChat sends is accepted: UTF-8, at most 1 MB, no document type (hence no entities),
    the expected root, no nested and no repeated field. Values are kept to the letter because they
    are signed to the letter.

    :param bytes raw: as received
    :param str root: ``xml``, or ``root`` inside a refund notification
    :raise MessageError: for anything else
    """
    if not raw or not raw.strip():
        raise MessageError('empty', "The message is empty.")
    if len(raw) > MAX_BYTES:
        raise MessageError('too_large', f"The message has more than {MAX_BYTES} bytes.")
    try:
        text = raw.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise MessageError('bad_xml', "The message is not UTF-8.") from error
    # A document type can only stand before the root: where the root comes first, there is none.
    start = text[_DECLARATION.match(text).end():][:10]
    if start.startswith('<!'):
        raise MessageError('dtd', "The message has a document type; WeChat's messages have none.")
    if not start.startswith(f'<{root}'):
        raise MessageError('bad_xml', f"The message does not begin with <{root}>.")
    parser = etree.XMLParser(
        encoding='utf-8', resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
    )
    try:
        element = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise MessageError('bad_xml', f"The message is not well-formed XML: {error}") from error
    if element.tag != root:
        raise MessageError('bad_xml', f"The message does not begin with <{root}>.")
    fields = {}
    for child in element:
        if not isinstance(child.tag, str) or len(child) or child.tag in fields:
            raise MessageError('bad_xml', "The message is not one flat list of different fields.")
        fields[child.tag] = child.text or ''
    return fields


def request_fields(params):
    """Return ``params`` as the str fields that will be signed and sent; empty ones are left out.

    :param dict params: str or int values; ``None`` and ``''`` are dropped
    :raise TypeError: for anything else, a float amount above all (WeChat counts in integer fen)
    """
    fields = {}
    for name, value in params.items():
        if value is None or value == '':
            continue
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise TypeError(
                f"{name} is a {type(value).__name__}; WeChat's fields are text or whole numbers"
                " (amounts: fen)."
            )
        fields[name] = sendable(str(value))
    return {name: value for name, value in fields.items() if value}


def write_message(fields):
    """Return the XML (bytes) of ``fields`` (dict of str), in the order of their names."""
    element = etree.Element('xml')
    for name in sorted(fields):
        etree.SubElement(element, name).text = fields[name]
    return etree.tostring(element, encoding='unicode').encode()
