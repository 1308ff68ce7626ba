# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
# ruff: noqa: E501 (the messages stay as they are on the wire)

"""Signatures, messages, text and time, against published and recomputed values."""

from datetime import datetime, timedelta, timezone

import pytest

from gateway import beijing_time, clean_text, is_payment_code, parse_beijing_time
from gateway.messages import MAX_BYTES, MessageError, read_message, request_fields, write_message
from gateway.signature import is_signed_by, sign

KEY = '192006250b4c09247ec02edce69f6a2d'
VECTOR_A = {
    'appid': 'wxd930ea5d5a258f4f', 'mch_id': '10000100', 'device_info': '1000', 'body': 'test',
    'nonce_str': 'ibuaiVcKdpRxkhJA',
}
# Messages signed with KEY whose signatures wechatpy's own functions accept.
SAMPLES = {
    'micropay request': '<xml><appid><![CDATA[wx0000000000000001]]></appid><mch_id>1900000001</mch_id><nonce_str><![CDATA[5K8264ILTKCH16CQ2502SI8ZNMTM67VS]]></nonce_str><body><![CDATA[Odoo店-饮料]]></body><out_trade_no><![CDATA[POS-00042-001]]></out_trade_no><total_fee>1250</total_fee><spbill_create_ip><![CDATA[203.0.113.7]]></spbill_create_ip><auth_code>134567890123456789</auth_code><sign><![CDATA[EF295FB02B9C05E7F552E05AFB24AFC6]]></sign></xml>',
    'password needed': '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><appid><![CDATA[wx0000000000000001]]></appid><mch_id>1900000001</mch_id><nonce_str><![CDATA[5K8264ILTKCH16CQ2502SI8ZNMTM67VS]]></nonce_str><result_code><![CDATA[FAIL]]></result_code><err_code><![CDATA[USERPAYING]]></err_code><err_code_des><![CDATA[需要用户输入支付密码]]></err_code_des><sign><![CDATA[A5BE9BC3315F62A43711BC5CFA3CD7EA]]></sign></xml>',
    'waiting': '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><appid><![CDATA[wx0000000000000001]]></appid><mch_id>1900000001</mch_id><nonce_str><![CDATA[5K8264ILTKCH16CQ2502SI8ZNMTM67VS]]></nonce_str><result_code><![CDATA[SUCCESS]]></result_code><trade_state><![CDATA[USERPAYING]]></trade_state><trade_state_desc><![CDATA[需要用户输入支付密码]]></trade_state_desc><out_trade_no><![CDATA[POS-00042-001]]></out_trade_no><sign><![CDATA[5950A88EC1C4FF60A013B0FB4298A352]]></sign></xml>',
    'hmac': '<xml><return_code><![CDATA[SUCCESS]]></return_code><appid><![CDATA[wx0000000000000001]]></appid><mch_id>1900000001</mch_id><nonce_str><![CDATA[5K8264ILTKCH16CQ2502SI8ZNMTM67VS]]></nonce_str><result_code><![CDATA[SUCCESS]]></result_code><sign_type><![CDATA[HMAC-SHA256]]></sign_type><openid><![CDATA[oABCDEFG000000000000000001]]></openid><is_subscribe><![CDATA[N]]></is_subscribe><trade_type><![CDATA[NATIVE]]></trade_type><bank_type><![CDATA[OTHERS]]></bank_type><fee_type><![CDATA[CNY]]></fee_type><total_fee>1250</total_fee><cash_fee>1250</cash_fee><cash_fee_type><![CDATA[CNY]]></cash_fee_type><transaction_id>4200000000202601150000000001</transaction_id><out_trade_no><![CDATA[POS-00042-002]]></out_trade_no><time_end>20260115180211</time_end><sign><![CDATA[FAC288A2E7BE158BA0F177F3151A9AF7A99A2BDBA94BD86887FC0B39D50A43FB]]></sign></xml>',
    'partner': '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><appid><![CDATA[wx0000000000000001]]></appid><mch_id>1900000001</mch_id><nonce_str><![CDATA[5K8264ILTKCH16CQ2502SI8ZNMTM67VS]]></nonce_str><sub_mch_id>1900000002</sub_mch_id><sub_appid><![CDATA[wx0000000000000002]]></sub_appid><result_code><![CDATA[SUCCESS]]></result_code><trade_type><![CDATA[JSAPI]]></trade_type><prepay_id><![CDATA[wx15180211000000aaaaaaaaaaaaaaaa0000]]></prepay_id><sign><![CDATA[411FB1C7554308EFFEA35BF0297F44A7]]></sign></xml>',
}


def test_vector_a():
    assert sign(VECTOR_A, KEY) == '9A0A8659F005D6984697E2CA0A9CF3B7'
    assert sign(VECTOR_A, KEY, 'HMAC-SHA256') == (
        '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6')


def test_vector_b():
    key = 'qazwsxedcrfvtgbyhnujmikolp111111'
    fields = {
        'appId': 'wx619a931576afe069', 'nonceStr': 'RIPb5Upk3ku7knU6',
        'package': 'prepay_id=wx2611334392677180ea59742b3744840000', 'signType': 'MD5',
        'timeStamp': '1774495197',
    }
    assert sign(fields, key) == '1F2E9533D7D483FBCDBD0B9BCA76F97D'
    fields['signType'] = 'HMAC-SHA256'
    assert sign(fields, key, 'HMAC-SHA256') == (
        '4A04CF5B979A4920409A9DEF2322C33C96DE8E9A96830E648719C60EF991700E')


@pytest.mark.parametrize('name', SAMPLES)
def test_samples_are_accepted_and_any_change_is_not(name):
    fields = read_message(SAMPLES[name].encode())
    assert is_signed_by(fields, KEY)
    assert not is_signed_by(fields, KEY.replace('1', '2', 1))
    for changed in fields:
        assert not is_signed_by({**fields, changed: fields[changed] + '1'}, KEY)
        assert not is_signed_by({k: v for k, v in fields.items() if k != changed}, KEY)
    assert not is_signed_by({**fields, 'new': 'field'}, KEY)
    assert is_signed_by({**fields, 'new': ''}, KEY)


def test_signature_type_must_fit_its_length():
    fields = {'a': '1', 'sign_type': 'HMAC-SHA256'}
    assert not is_signed_by({**fields, 'sign': sign(fields, KEY, 'MD5')}, KEY)
    assert is_signed_by({**fields, 'sign': sign(fields, KEY, 'HMAC-SHA256')}, KEY)
    assert not is_signed_by({'a': '1'}, KEY)
    assert not is_signed_by({'a': '1', 'sign': '微' * 32}, KEY)


def test_zero_is_signed_and_nothing_is_not():
    assert sign({'a': '0'}, KEY) != sign({}, KEY)
    assert sign({'a': '', 'b': None}, KEY) == sign({}, KEY)


def test_unknown_sign_type():
    with pytest.raises(ValueError, match='SHA1'):
        sign({}, KEY, 'SHA1')


# -- Messages ----------------------------------------------------------------------------------

@pytest.mark.parametrize('value', [
    'a < b & c > d', ']]>', '"quoted" and \'single\'', 'two\nlines', ' spaces ', '饮料', '0',
])
def test_what_is_written_is_what_is_read(value):
    assert read_message(write_message({'body': value})) == {'body': value}


def test_declaration_bom_and_empty_fields():
    raw = '\ufeff<?xml version="1.0" encoding="gbk"?>\n<xml>\n<a>微</a><b/><c></c>\n</xml>'.encode()
    assert read_message(raw) == {'a': '微', 'b': '', 'c': ''}


@pytest.mark.parametrize(('raw', 'reason'), [
    (b'', 'empty'),
    (b' \n', 'empty'),
    (b'<xml>' + b'a' * MAX_BYTES + b'</xml>', 'too_large'),
    (b'\xff\xfe<\x00x\x00', 'bad_xml'),
    (b'OK', 'bad_xml'),
    (b'{"code": 1}', 'bad_xml'),
    (b'<html><body>404</body></html>', 'bad_xml'),
    (b'<!DOCTYPE html><html></html>', 'dtd'),
    (b'<xml><a>1</a>', 'bad_xml'),
    (b'<xml><a>1</a></xml><xml/>', 'bad_xml'),
    (b'<xmlx><a>1</a></xmlx>', 'bad_xml'),
    (b'<xml><a>1</a><a>2</a></xml>', 'bad_xml'),
    (b'<xml><a><b>1</b></a></xml>', 'bad_xml'),
    (b'<xml><a>1<!-- 2 -->3</a></xml>', 'bad_xml'),
    (b'<xml><a>&unknown;</a></xml>', 'bad_xml'),
    (b'<xml><a>\x01</a></xml>', 'bad_xml'),
    (b'<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "b">]><xml><a>&a;</a></xml>', 'dtd'),
    (b'<!-- --><!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><a>1</a></xml>', 'dtd'),
])
def test_what_is_no_message(raw, reason):
    with pytest.raises(MessageError) as caught:
        read_message(raw)
    assert caught.value.reason == reason


def test_entity_bomb_is_refused_unread():
    entities = ''.join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE xml [<!ENTITY l0 "lol">{entities}]><xml><a>&l11;</a></xml>'
    with pytest.raises(MessageError) as caught:
        read_message(bomb.encode())
    assert caught.value.reason == 'dtd'


def test_request_fields():
    assert request_fields({'a': 1, 'b': '', 'c': None, 'd': '😀', 'e': 'x😀\r\ny', 'f': 0}) == {
        'a': '1', 'e': 'x\ny', 'f': '0'}
    for wrong in (1.0, True, [], datetime.now()):
        with pytest.raises(TypeError, match='total_fee'):
            request_fields({'total_fee': wrong})


# -- Text, codes, time -------------------------------------------------------------------------

@pytest.mark.parametrize(('text', 'expected'), [
    ('Shop - Tea', 'Shop - Tea'),
    ('Tea 🍵 hot', 'Tea hot'),
    ('👨‍👩‍👧 ❤️', '❤'),
    ('two\nlines\tand\x00 more', 'two lines and more'),
    ('<![CDATA[x]]>', '<![CDATA[x]] >'),
    (']]]]>>', ']]]] >>'),
    ('\ud800broken', 'broken'),
    (None, ''),
    (False, ''),
    ('🍵', ''),
])
def test_clean_text(text, expected):
    assert clean_text(text) == expected


def test_clean_text_is_cut_between_characters():
    assert clean_text('茶' * 50) == '茶' * 42
    assert clean_text('a' + '茶' * 50, 3) == 'a'
    assert clean_text('abc def', 4) == 'abc'


@pytest.mark.parametrize(('code', 'expected'), [
    ('134567890123456789', True),
    ('104567890123456789', True),
    ('164567890123456789', True),
    ('174567890123456789', False),
    ('284567890123456789', False),
    ('13456789012345678', False),
    ('1345678901234567890', False),
    ('134567890123456789\n', False),
    ('13456789012345678９', False),
    (134567890123456789, False),
    (None, False),
])
def test_is_payment_code(code, expected):
    assert is_payment_code(code) is expected


def test_beijing_time():
    assert beijing_time(datetime(2026, 1, 15, 10, 2, 11)) == '20260115180211'
    assert beijing_time(datetime(2025, 12, 31, 20, 0, 0)) == '20260101040000'
    new_york = timezone(timedelta(hours=-5))
    assert beijing_time(datetime(2026, 1, 15, 5, 2, 11, tzinfo=new_york)) == '20260115180211'


def test_parse_beijing_time():
    assert parse_beijing_time('20260115180211') == datetime(2026, 1, 15, 10, 2, 11)
    assert parse_beijing_time('2026-01-15 18:02:11') == datetime(2026, 1, 15, 10, 2, 11)
    moment = datetime(2024, 2, 29, 23, 59, 59)
    assert parse_beijing_time(beijing_time(moment)) == moment


@pytest.mark.parametrize('text', ['', '2026', '20261315180211', '2026011518021１', '20260230000000'])
def test_parse_beijing_time_refuses(text):
    with pytest.raises(ValueError, match=r'\S'):
        parse_beijing_time(text)
