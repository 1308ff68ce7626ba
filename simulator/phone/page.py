# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Serves the phone page and answers its calls.

The page polls `phone/state` and sends what the person does to `phone/do`; all addresses are
relative to where the application is mounted.
"""
import hashlib
import json
from html import escape
from pathlib import Path

from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response

from .. import customers, faults, refunds, trades
from ..errors import PhoneError
from ..merchants import get_merchant
from ..wire import yuan
from .pictures import barcode_svg, qr_svg
from .texts import OFFERED, TEXTS

HERE = Path(__file__).parent
FILES = {
    'app.js': 'text/javascript; charset=utf-8',
    'app.css': 'text/css; charset=utf-8',
}
SIGNS = {'CNY': '¥', 'HKD': 'HK$', 'USD': '$', 'EUR': '€', 'GBP': '£', 'JPY': 'JP¥'}
HISTORY = 30
TOP_UP = 100000         # fen
CUSTOMER_ACTIONS = ('pay', 'wrong_password', 'not_enough', 'cancel', 'silent')


def respond(simulator, request):
    """Answer one request under `/phone`."""
    name = request.path.removeprefix('/phone').strip('/')
    if name == 'do':
        if request.method != 'POST':
            raise MethodNotAllowed(['POST'])
        return _do(simulator, request)
    if request.method not in ('GET', 'HEAD'):
        raise MethodNotAllowed(['GET'])
    if name == '':
        return _page(request)
    if name == 'state':
        shown = request.args.get('shown', '')
        return _json(state(simulator, request.args.get('account'), shown))
    if name in FILES:
        return Response((HERE / name).read_bytes(), content_type=FILES[name])
    raise NotFound


def state(simulator, which=None, shown=''):
    """All that the page shows, as a dict for JSON.

    :param which: id or name of the account; the first one if there is none
    :param str shown: the mark of the payment code that the page draws already
    """
    simulator.settle()
    with simulator.ledger.read() as db:
        everyone = customers.list_accounts(db)
        account = (which and customers.get_account(db, which)) or everyone[0]
        waiting = [_request(db, row) for row in trades.waiting(db, account)]
        history = _history(db, account)
        armed = [_fault(row) for row in faults.list_faults(db)]
    return {
        'account': {
            'id': account['id'], 'name': account['name'], 'name_zh': account['name_zh'],
            'balance': '¥' + yuan(account['balance']), 'password': account['password'],
        },
        'accounts': [
            {name: one[name] for name in ('id', 'name', 'name_zh')} for one in everyone
        ],
        'code': _code(simulator, account, shown),
        'waiting': waiting,
        'history': history,
        'faults': armed,
        'clock': simulator.clock.state(),
    }


def _page(request):
    language = _language(request)
    texts = TEXTS[language]
    data = json.dumps({
        'language': language, 'texts': texts,
        'offered': {endpoint: list(kinds) for endpoint, kinds in OFFERED.items()},
        'base': request.script_root,
    }, ensure_ascii=False)
    html = (HERE / 'page.html').read_text(encoding='utf-8')
    for mark, value in (
        ('{language}', 'zh-CN' if language == 'zh' else 'en'),
        ('{title}', escape(texts['title'])),
        ('{base}', escape(request.script_root)),
        ('{data}', data.replace('<', '\\u003c')),
    ):
        html = html.replace(mark, value)
    return Response(html, content_type='text/html; charset=utf-8', headers={
        'Cache-Control': 'no-store', 'Vary': 'Accept-Language',
    })


def _language(request):
    wanted = request.args.get('lang') or request.accept_languages.best_match(
        ['en', 'zh', 'zh-CN', 'zh-TW', 'zh-HK'], 'en'
    )
    return 'zh' if wanted.lower().startswith('zh') else 'en'


def _do(simulator, request):
    """One thing that the person does; answers the new state, or an error by name."""
    words = request.get_json(silent=True)
    if not isinstance(words, dict):
        raise BadRequest
    account, action = words.get('account'), words.get('action')
    outcome = None
    try:
        if action in CUSTOMER_ACTIONS:
            outcome = getattr(simulator, action)(account, words.get('out_trade_no', ''))
        elif action == 'scan':
            outcome = simulator.scan(account, words.get('text', ''))
        elif action == 'top_up':
            balance = simulator.balance(account) + TOP_UP
            simulator.set_account(account, balance=balance)
        elif action == 'password':
            simulator.set_account(account, password=words.get('value'))
        elif action == 'new_account':
            outcome = simulator.create_account(words.get('name', '').strip())
            account = outcome['id']
        elif action == 'fault':
            _arm(simulator, words)
        elif action == 'clear_faults':
            simulator.clear_faults()
        elif action == 'advance':
            simulator.clock.advance(words.get('seconds'))
        elif action == 'real_time':
            simulator.clock.reset()
        else:
            raise BadRequest
    except PhoneError as error:
        return _json({'error': error.code, 'message': error.message}, 409)
    except (TypeError, ValueError) as error:
        return _json({'error': 'BAD_REQUEST', 'message': str(error)}, 400)
    simulator.wake()
    return _json({
        'state': state(simulator, account, words.get('shown', '')),
        'trade': outcome and outcome.get('out_trade_no'),
    })


def _arm(simulator, words):
    kinds = OFFERED.get(words.get('endpoint'))
    if not kinds or words.get('kind') not in kinds:
        raise ValueError("There is no such trouble.")
    wanted = dict(kinds[words['kind']])
    if wanted['kind'] in faults.INSTEAD or (
        wanted['kind'] == 'err_code' and wanted['code'] != 'USERPAYING'
    ):
        wanted['paid'] = bool(words.get('paid'))
    simulator.fault(words['endpoint'], times=words.get('times'), **wanted)


def _code(simulator, account, shown):
    """The payment code; its pictures only if the page does not have them yet."""
    now = simulator.shown_code(account)
    digits = now['code']
    mark = hashlib.sha256(digits.encode()).hexdigest()[:12]
    code = {'mark': mark, 'seconds': round(now['seconds'], 1)}
    if mark != shown:
        groups = [digits[start:start + 4] for start in range(0, 18, 4)]
        code.update(
            digits=digits, groups=' '.join(groups), barcode=barcode_svg(digits),
            qr=qr_svg(digits),
        )
    return code


def _money(amount, fee_type):
    return f"{SIGNS.get(fee_type, fee_type + ' ')}{yuan(amount)}"


def _shop(db, trade):
    merchant = get_merchant(db, trade['mch_id'])
    return merchant['name'] or trade['mch_id']


def _request(db, trade):
    request = trades.request_of(trade)
    return {
        'out_trade_no': trade['out_trade_no'],
        'shop': _shop(db, trade),
        'body': request.get('body', ''),
        'amount': _money(trade['cash_fee'], trade['fee_type']),
        'way': {'MICROPAY': 'by_code', 'NATIVE': 'by_scan'}.get(trade['trade_type'], 'in_app'),
        'last': trade['last_event'],
    }


def _history(db, account):
    """The latest trades of the account that are not waiting, with their refunds."""
    rows = db.execute(
        "SELECT * FROM trades WHERE account_id = ? AND (asked = '' OR trade_state NOT IN"
        " ('NOTPAY', 'USERPAYING')) ORDER BY coalesce(ended_at, paid_at, created_at) DESC, id DESC"
        ' LIMIT ?',
        [account['id'], HISTORY],
    ).fetchall()
    found = []
    for trade in rows:
        state_name = trade['trade_state']
        if state_name == 'REVOKED' and trade['reverse_id']:
            state_name = 'REVOKED_PAID'
        described = trades.describe(db, trade)
        returned = [
            refunds.describe(db, row) for row in db.execute(
                'SELECT * FROM refunds WHERE trade_id = ? ORDER BY id', [trade['id']]
            )
        ]
        found.append({
            'out_trade_no': trade['out_trade_no'],
            'shop': _shop(db, trade),
            'body': described['body'],
            'amount': _money(trade['cash_fee'], trade['fee_type']),
            'state': state_name,
            'moved': bool(trade['paid_at']) and state_name != 'REVOKED_PAID',
            'at': _short(described['time_end'] or described['created_at']),
            'refunds': [
                {
                    'amount': _money(one['refund_fee'], trade['fee_type']),
                    'state': 'refund_' + one['refund_status'],
                }
                for one in returned
            ],
        })
    return found


def _short(stamp):
    """``MM-dd HH:mm`` of ``yyyyMMddHHmmss``."""
    return f'{stamp[4:6]}-{stamp[6:8]} {stamp[8:10]}:{stamp[10:12]}'


def _fault(row):
    params = row['params']
    offered = OFFERED.get(row['endpoint'], {})
    name = next(
        (
            name for name, wanted in offered.items()
            if wanted['kind'] == row['kind']
            and wanted.get('code') == params.get('code')
            and wanted.get('status') == params.get('status')
        ),
        params.get('code') or row['kind'],
    )
    return {
        'endpoint': 'any' if row['endpoint'] == '*' else row['endpoint'],
        'kind': name, 'times': row['times'], 'paid': bool(params.get('paid')),
    }


def _json(value, status=200):
    return Response(
        json.dumps(value, ensure_ascii=False), status,
        content_type='application/json; charset=utf-8', headers={'Cache-Control': 'no-store'},
    )
