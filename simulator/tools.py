# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The small endpoints: authcodetoopenid and report."""
import json

from . import customers
from .errors import Refusal, Rejection
from .trades import account_of_code


def authcodetoopenid(db, call):
    """Who is behind a payment code. From then on only this merchant can charge the code."""
    auth_code = call.values['auth_code']
    if auth_code.startswith(('15', '16')):
        raise Refusal('SYSTEMERROR', "未知错误")
    account = account_of_code(db, call, auth_code)
    db.execute('UPDATE codes SET bound_mch_id = ? WHERE code = ?', [call.mch_id, auth_code])
    fields = {'openid': customers.openid(account['id'], call.values['appid'])}
    if call.values.get('sub_appid'):
        fields['sub_openid'] = customers.openid(account['id'], call.values['sub_appid'])
    return fields


def report(db, call):
    """Telemetry: checked and forgotten."""
    values = call.values
    if values.get('trades'):
        try:
            batch = json.loads(values['trades'])
        except ValueError as error:
            raise Refusal('PARAM_ERROR', "trades不是JSON") from error
        if not isinstance(batch, list):
            raise Refusal('PARAM_ERROR', "trades不是列表")
    elif not values.get('execute_time_'):
        raise Rejection("缺少参数execute_time_")
    return {}
