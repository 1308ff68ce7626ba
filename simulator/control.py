# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The control API: the methods of `Simulator` as JSON over HTTP, for tests and audits.

`POST /control/<method>` with the arguments as a JSON object; reading methods also by `GET` with a
query. It knows no password: for 127.0.0.1 and development only.
"""
import inspect
import json

from werkzeug.wrappers import Response

from .errors import PhoneError

READING = (
    'accounts', 'balance', 'clock', 'faults', 'merchant', 'merchants', 'notifications', 'openid',
    'payment_code', 'refunds', 'shown_code', 'trade', 'trades', 'waiting',
)
CHANGING = (
    'account', 'cancel', 'clear_faults', 'create_account', 'deliver_due', 'fault', 'not_enough',
    'pay', 'platform_refund', 'reset', 'scan', 'set_account', 'set_merchant', 'silent',
    'wrong_password',
)
CLOCK_WORDS = ('advance', 'set', 'speed', 'reset')


def respond(simulator, request):
    """Carry out one control call; a mistake in it gives 400 with `{'error', 'message'}`."""
    name = request.path.removeprefix('/control').strip('/')
    if not name:
        return _json({'methods': _describe(simulator)})
    if name not in READING + CHANGING:
        return _json({'error': 'UNKNOWN', 'message': f"There is no {name}; see /control."}, 404)
    if request.method == 'GET' and name in CHANGING:
        return _json({'error': 'POST_ONLY', 'message': f"{name} changes things: use POST."}, 405)
    try:
        arguments = request.args.to_dict()
        if request.method == 'POST' and request.get_data():
            arguments.update(json.loads(request.get_data()))
        if name == 'clock':
            return _json(_clock(simulator, arguments))
        method = getattr(simulator, name)
        inspect.signature(method).bind(**arguments)
        return _json({'result': method(**arguments)})
    except PhoneError as error:
        return _json({'error': error.code, 'message': error.message}, 400)
    except (TypeError, ValueError) as error:
        return _json({'error': 'BAD_REQUEST', 'message': str(error)}, 400)


def _clock(simulator, words):
    """`{}` reads the clock; `{'advance': 60}`, `{'set': ISO}`, `{'speed': 10}`, `{'reset': 1}`."""
    unknown = set(words) - set(CLOCK_WORDS)
    if unknown:
        raise ValueError(f"The clock knows {', '.join(CLOCK_WORDS)}.")
    for word in words:
        if word == 'reset':
            simulator.clock.reset()
        else:
            getattr(simulator.clock, word)(words[word])
    simulator.wake()
    return {'result': simulator.clock.state()}


def _describe(simulator):
    listed = {'clock': "Read or change the clock: advance, set, speed, reset."}
    for name in sorted(READING + CHANGING):
        if name != 'clock':
            method = getattr(simulator, name)
            text = inspect.getdoc(method).partition('\n')[0]
            listed[name] = f"{name}{inspect.signature(method)}: {text}"
    return listed


def _json(value, status=200):
    text = json.dumps(value, ensure_ascii=False)
    return Response(
        text, status, content_type='application/json; charset=utf-8',
        headers={'Cache-Control': 'no-store'},
    )
