# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The simulator's XML, signatures and encryption, against published and recomputed vectors."""
import base64

import pytest
from wechatpy.crypto import WeChatRefundCrypto
from wechatpy.pay.utils import calculate_signature, calculate_signature_hmac

from simulator import wire

KEY = '192006250b4c09247ec02edce69f6a2d'

# One line each: sample messages of a merchant with KEY, as WeChat would write them.
HEAD = '<xml><return_code><![CDATA[SUCCESS]]></return_code>'
OURS = (
    '<appid><![CDATA[wx0000000000000001]]></appid><mch_id>1900000001</mch_id>'
    '<nonce_str><![CDATA[5K8264ILTKCH16CQ2502SI8ZNMTM67VS]]></nonce_str>'
)
PAID = (
    '<openid><![CDATA[oABCDEFG000000000000000001]]></openid><is_subscribe><![CDATA[N]]>'
    '</is_subscribe><trade_type><![CDATA[{}]]></trade_type><bank_type><![CDATA[OTHERS]]>'
    '</bank_type><fee_type><![CDATA[CNY]]></fee_type><total_fee>1250</total_fee>'
    '<cash_fee>1250</cash_fee><cash_fee_type><![CDATA[CNY]]></cash_fee_type>'
    '<transaction_id>4200000000202601150000000001</transaction_id>'
    '<out_trade_no><![CDATA[{}]]></out_trade_no><time_end>20260115180211</time_end>'
)
OK = '<return_msg><![CDATA[OK]]></return_msg>'
SIGN = '<sign><![CDATA[{}]]></sign></xml>'
SAMPLES = {
    'micropay request': (
        '<xml>' + OURS + '<body><![CDATA[Odoo店-饮料]]></body>'
        '<out_trade_no><![CDATA[POS-00042-001]]></out_trade_no><total_fee>1250</total_fee>'
        '<spbill_create_ip><![CDATA[203.0.113.7]]></spbill_create_ip>'
        '<auth_code>134567890123456789</auth_code>'
        + SIGN.format('EF295FB02B9C05E7F552E05AFB24AFC6')
    ),
    'password needed': (
        HEAD + OK + OURS + '<result_code><![CDATA[FAIL]]></result_code>'
        '<err_code><![CDATA[USERPAYING]]></err_code>'
        '<err_code_des><![CDATA[需要用户输入支付密码]]></err_code_des>'
        + SIGN.format('A5BE9BC3315F62A43711BC5CFA3CD7EA')
    ),
    'paid': (
        HEAD + OK + OURS + '<result_code><![CDATA[SUCCESS]]></result_code>'
        + PAID.format('MICROPAY', 'POS-00042-001')
        + SIGN.format('EF9CFFD2D3351B4F99722CEEFDC08083')
    ),
    'waiting': (
        HEAD + OK + OURS + '<result_code><![CDATA[SUCCESS]]></result_code>'
        '<trade_state><![CDATA[USERPAYING]]></trade_state>'
        '<trade_state_desc><![CDATA[需要用户输入支付密码]]></trade_state_desc>'
        '<out_trade_no><![CDATA[POS-00042-001]]></out_trade_no>'
        + SIGN.format('5950A88EC1C4FF60A013B0FB4298A352')
    ),
    'call reverse again': (
        HEAD + OK + OURS + '<result_code><![CDATA[FAIL]]></result_code>'
        '<err_code><![CDATA[SYSTEMERROR]]></err_code>'
        '<err_code_des><![CDATA[系统错误]]></err_code_des><recall><![CDATA[Y]]></recall>'
        + SIGN.format('FFA8BD011843643E8481446052B1C4D9')
    ),
    'notification, HMAC': (
        HEAD + OURS + '<result_code><![CDATA[SUCCESS]]></result_code>'
        '<sign_type><![CDATA[HMAC-SHA256]]></sign_type>' + PAID.format('NATIVE', 'POS-00042-002')
        + SIGN.format('FAC288A2E7BE158BA0F177F3151A9AF7A99A2BDBA94BD86887FC0B39D50A43FB')
    ),
    'partner': (
        HEAD + OK + OURS + '<sub_mch_id>1900000002</sub_mch_id>'
        '<sub_appid><![CDATA[wx0000000000000002]]></sub_appid>'
        '<result_code><![CDATA[SUCCESS]]></result_code><trade_type><![CDATA[JSAPI]]></trade_type>'
        '<prepay_id><![CDATA[wx15180211000000aaaaaaaaaaaaaaaa0000]]></prepay_id>'
        + SIGN.format('411FB1C7554308EFFEA35BF0297F44A7')
    ),
}


@pytest.mark.parametrize('name', SAMPLES)
def test_samples_are_signed_and_read(name):
    values = wire.parse_xml(SAMPLES[name].encode())
    sign_type = 'HMAC-SHA256' if len(values['sign']) == 64 else 'MD5'
    assert wire.is_signed(values, KEY, sign_type)
    # What we write of it says the same and is still signed.
    assert wire.parse_xml(wire.build_xml(values)) == values
    for name in values:
        assert not wire.is_signed({**values, name: values[name] + '1'}, KEY, sign_type), name


def test_vector_a():
    values = {
        'appid': 'wxd930ea5d5a258f4f', 'mch_id': '10000100', 'device_info': '1000',
        'body': 'test', 'nonce_str': 'ibuaiVcKdpRxkhJA', 'attach': '', 'sign': 'is left out',
    }
    assert wire.sign(values, KEY) == '9A0A8659F005D6984697E2CA0A9CF3B7'
    assert wire.sign(values, KEY, 'HMAC-SHA256') == (
        '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6'
    )


def test_vector_b():
    values = {
        'appId': 'wx619a931576afe069', 'timeStamp': '1774495197', 'nonceStr': 'RIPb5Upk3ku7knU6',
        'package': 'prepay_id=wx2611334392677180ea59742b3744840000', 'signType': 'MD5',
    }
    key = 'qazwsxedcrfvtgbyhnujmikolp111111'
    assert wire.sign(values, key) == '1F2E9533D7D483FBCDBD0B9BCA76F97D'
    values['signType'] = 'HMAC-SHA256'
    assert wire.sign(values, key, 'HMAC-SHA256') == (
        '4A04CF5B979A4920409A9DEF2322C33C96DE8E9A96830E648719C60EF991700E'
    )


def test_vector_c():
    plain = (
        b'<root><out_refund_no><![CDATA[R1]]></out_refund_no>'
        b'<refund_status><![CDATA[SUCCESS]]></refund_status></root>'
    )
    req_info = (
        'WBzGpzQuNpcFxIlFjUUD9BZv+lpBMzd2SHiKCkwfALWid5G8ZvfOussfMIHLbKJmcnxPKdb1ZJEqTAp8ysQv'
        '+xa1fj+Eorgndx3fNxf3KAYa3LPgsjvZgxaeYyrhV05Kbjkj6ywg27cEyTTaPZFYNg=='
    )
    assert wire.encrypt_text(plain, b'd96eb16afdd491fa1e705096edbc2205') == req_info
    assert wire.encrypt_req_info({'out_refund_no': 'R1', 'refund_status': 'SUCCESS'}, KEY) == (
        req_info
    )
    assert wire.encrypt_text(b'hello', b'0123456789abcdef0123456789abcdef') == (
        'pZwJZBLuy3mDACEQT4YTBw=='
    )
    outer = wire.build_xml({
        'return_code': 'SUCCESS', 'appid': 'wx1', 'mch_id': '19', 'req_info': req_info,
    })
    assert WeChatRefundCrypto(KEY).decrypt_message(outer, 'wx1', '19')['out_refund_no'] == 'R1'


def test_signatures_agree_with_wechatpy():
    values = {'body': '店 - 水 & "茶" <1>', 'total_fee': '7', 'attach': 'a=b&c', 'zero': '0'}
    assert wire.sign(values, KEY) == calculate_signature(values, KEY)
    assert wire.sign(values, KEY, 'HMAC-SHA256') == calculate_signature_hmac(values, KEY)


@pytest.mark.parametrize('text', ['a]]>b', '<&>"\'', '  spaces  ', 'line\nbreak', '007', '茶'])
def test_any_text_survives_the_xml(text):
    assert wire.parse_xml(wire.build_xml({'a': text})) == {'a': text}


@pytest.mark.parametrize('document', [
    b'', b'hello', b'<xml><a>1</xml>', b'<root><a>1</a></root>', b'<xml><a><b>1</b></a></xml>',
    b'<!DOCTYPE xml [<!ENTITY e "x">]><xml><a>&e;</a></xml>',
    b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><a>1</a></xml>',
])
def test_what_is_not_a_flat_document_is_refused(document):
    with pytest.raises(wire.NotXml):
        wire.parse_xml(document)


def test_what_is_not_utf8_is_refused():
    with pytest.raises(wire.NotUtf8):
        wire.parse_xml('<xml><body>茶</body></xml>'.encode('gbk'))


def test_times_are_beijing_times():
    assert wire.compact_time(0) == '19700101080000'
    assert wire.spaced_time(0) == '1970-01-01 08:00:00'
    assert wire.read_compact_time('19700101080000') == 0
    for wrong in ['2026011518021', '20261315180211', '２０２６０１１５１８０２１１', '']:
        with pytest.raises(ValueError):
            wire.read_compact_time(wrong)


def test_fen_become_yuan_exactly():
    assert [wire.yuan(fen) for fen in (0, 1, 10, 123456, -5)] == [
        '0.00', '0.01', '0.10', '1234.56', '-0.05',
    ]


def test_req_info_is_base64_of_whole_blocks():
    blocks = base64.b64decode(wire.encrypt_req_info({'refund_fee': '1'}, KEY))
    assert len(blocks) % 16 == 0
