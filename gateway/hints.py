# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""Codes for refusals to which WeChat gave none, or one that is too general.

WeChat's texts are no contract: what is read out of them chooses the remedy that is shown, never
whether money moved.
"""

# In this order: the first whose every word occurs wins.
_WORDS = (
    (('invalid', 'out_trade_no'), 'INVALID_OUT_TRADE_NO'),
    (('订单号', '重复'), 'INVALID_OUT_TRADE_NO'),
    (('系统',), 'SYSTEMERROR'),
    (('system',), 'SYSTEMERROR'),
    (('签名',), 'SIGNERROR'),
    (('sign',), 'SIGNERROR'),
    (('证书',), 'CERT_ERROR'),
    (('certificate',), 'CERT_ERROR'),
    (('appid', 'mch', '不匹配'), 'APPID_MCHID_NOT_MATCH'),
    (('appid', 'mch', 'match'), 'APPID_MCHID_NOT_MATCH'),
    (('appid',), 'APPID_NOT_EXIST'),
    (('mch_id',), 'MCHID_NOT_EXIST'),
    (('mchid',), 'MCHID_NOT_EXIST'),
    (('商户号',), 'MCHID_NOT_EXIST'),
    (('权限',), 'NOAUTH'),
    (('xml',), 'XML_FORMAT_ERROR'),
)


def code_from_words(words):
    """Return the code that a ``return_msg`` without code stands for, or ``RETURN_FAIL``."""
    lowered = words.lower()
    for needed, code in _WORDS:
        if all(word in lowered for word in needed):
            return code
    return 'RETURN_FAIL'


def sharper_code(code, words):
    """Return ``INVALID_OUT_TRADE_NO`` for a general refusal whose words blame the number."""
    if code in ('INVALID_REQUEST', 'PARAM_ERROR', 'RETURN_FAIL'):
        hinted = code_from_words(words)
        if hinted == 'INVALID_OUT_TRADE_NO':
            return hinted
    return code
