# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The simulator as a service: TLS, several processes, kills, the command, control and phone."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from cryptography import x509
from wechatpy.pay import WeChatPay, WeChatPayException

from simulator import DEMO_MERCHANT, DEMO_PROVIDER, LedgerError, PhoneError, Simulator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sim(tmp_path):
    simulator = Simulator(tmp_path / 'ledger.sqlite')
    yield simulator
    simulator.close()


@pytest.fixture
def server(sim):
    server = sim.serve(notify=False)
    yield server
    server.stop()


def client(url, **values):
    pay = WeChatPay(
        DEMO_MERCHANT['appid'], DEMO_MERCHANT['api_key'], DEMO_MERCHANT['mch_id'], timeout=10,
        **values,
    )
    pay.API_BASE_URL = url + '/'
    # A bundle of CAs named in the environment would outrank the session's own `verify`.
    pay._http.trust_env = False
    return pay


def charge(sim, pay, number):
    return pay.micropay.create('x', 100, sim.payment_code(), '127.0.0.1', number)


# ---- TLS -----------------------------------------------------------------------------------

@pytest.fixture
def tls(sim, tmp_path):
    server = sim.serve(tls=tmp_path / 'certs', notify=False)
    yield server
    server.stop()


def tls_client(tls, folder=None):
    pair = {}
    if folder:
        pair = {'mch_cert': str(folder / 'apiclient_cert.pem'),
                'mch_key': str(folder / 'apiclient_key.pem')}
    pay = client(tls.url, **pair)
    pay._http.verify = str(tls.folder / 'ca.pem')
    return pay


def test_tls_demands_the_merchants_certificate(sim, tls):
    assert tls.url.startswith('https://')
    bare = tls_client(tls)
    charge(sim, bare, 'M1')
    sim.clock.advance(20)
    calls = [
        (lambda pay: pay.refund.apply(100, 1, 'R1', out_trade_no='M1'), 'CERT_ERROR'),
        (lambda pay: pay.order.reverse(out_trade_no='M1'), 'INVALID_REQUEST'),
        (lambda pay: pay.tools.download_fundflow('20260115'), 'CERT_ERROR'),
    ]
    foreign = tls_client(tls, tls.folder / DEMO_PROVIDER['mch_id'])
    for pay in (bare, foreign):
        for call, code in calls:
            with pytest.raises(WeChatPayException) as caught:
                call(pay)
            assert caught.value.errcode == code
    assert sim.refunds() == []
    ours = tls_client(tls, tls.folder)
    assert calls[0][0](ours)['refund_fee'] == '1'


def test_tls_refuses_strangers(tls, tmp_path):
    other = Simulator(tmp_path / 'other.sqlite')
    stranger = other.serve(tls=tmp_path / 'other', notify=False)
    stranger.stop()
    other.close()
    pay = tls_client(tls, stranger.folder)
    with pytest.raises(requests.ConnectionError):
        pay.order.query(out_trade_no='M1')
    unsure = client(tls.url)
    with pytest.raises(requests.exceptions.SSLError):
        unsure.order.query(out_trade_no='M1')


def test_a_client_that_shakes_no_hands_holds_up_nobody(sim, tls):
    with socket.create_connection(('127.0.0.1', tls.port)):
        charge(sim, tls_client(tls), 'M1')


def test_certificates_are_kept_private_and_reused(sim, tls):
    key = tls.folder / 'apiclient_key.pem'
    assert key.stat().st_mode & 0o077 == 0
    before = key.read_bytes()
    again = sim.serve(tls=tls.folder, notify=False)
    again.stop()
    assert key.read_bytes() == before
    certificate = x509.load_pem_x509_certificate((tls.folder / 'apiclient_cert.pem').read_bytes())
    assert certificate.subject.rfc4514_string() == f"CN={DEMO_MERCHANT['mch_id']}"


def test_certificate_in_process(sim, tls, tmp_path):
    sim.require_cert = True
    folder = tls.folder
    pay = client('https://api.mch.weixin.qq.com')
    pay._http.mount('https://', sim.adapter())
    charge(sim, pay, 'M1')

    def refund():
        return pay.refund.apply(100, 1, 'R1', out_trade_no='M1')

    with pytest.raises(WeChatPayException) as caught:
        refund()
    assert caught.value.errcode == 'CERT_ERROR'
    pay.mch_cert, pay.mch_key = str(tmp_path / 'none.pem'), str(folder / 'apiclient_key.pem')
    with pytest.raises(OSError):
        refund()
    pay.mch_cert = str(folder / DEMO_PROVIDER['mch_id'] / 'apiclient_cert.pem')
    with pytest.raises(requests.exceptions.SSLError):
        refund()
    pay.mch_cert = str(folder / 'apiclient_cert.pem')
    assert refund()['refund_fee'] == '1'


# ---- processes -----------------------------------------------------------------------------

WORKER = """
import sys
from wechatpy.pay import WeChatPay
from simulator import DEMO_MERCHANT, Simulator
sim = Simulator(sys.argv[1])
pay = WeChatPay(DEMO_MERCHANT['appid'], DEMO_MERCHANT['api_key'], DEMO_MERCHANT['mch_id'],
                timeout=20)
pay._http.mount('https://', sim.adapter())
account = sim.account(sys.argv[2])
print('ready', flush=True)
number = 0
while number < int(sys.argv[3]):
    number += 1
    code = sim.payment_code(account)
    pay.micropay.create('x', 1, code, '127.0.0.1', f'{sys.argv[2]}-{number}')
    print(number, flush=True)
sim.close()
"""


def worker(ledger, name, count):
    return subprocess.Popen(
        [sys.executable, '-c', WORKER, str(ledger), name, str(count)], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    )


def test_two_processes_on_one_ledger(sim):
    processes = [worker(sim.ledger.path, name, 40) for name in ('Anna', 'Boris')]
    threads = [
        threading.Thread(target=sim.balance) for _number in range(4)
    ]
    for thread in threads:
        thread.start()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    for thread in threads:
        thread.join()
    assert len(sim.trades()) == 80
    assert len({trade['transaction_id'] for trade in sim.trades()}) == 80
    assert sim.merchant(DEMO_MERCHANT['mch_id'])['balance'] == 80
    assert sim.balance('Anna') == sim.balance('Boris') == 500000 - 40


def test_killed_in_the_middle(sim):
    process = worker(sim.ledger.path, 'Anna', 100000)
    assert process.stdout.readline() == 'ready\n'
    for _line in range(5):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    paid = [trade for trade in sim.trades() if trade['trade_state'] == 'SUCCESS']
    assert len(paid) >= 5
    assert sim.balance('Anna') == 500000 - len(paid)
    assert sim.merchant(DEMO_MERCHANT['mch_id'])['balance'] == len(paid)
    process = worker(sim.ledger.path, 'Boris', 3)
    process.communicate(timeout=60)
    assert process.returncode == 0 and sim.balance('Boris') == 500000 - 3


def test_threads_of_one_process(sim, server):
    results = []

    def run(name):
        pay, account = client(server.url), sim.account(name)
        for number in range(5):
            code = sim.payment_code(account)
            results.append(
                pay.micropay.create('x', 1, code, '127.0.0.1', f'{name}-{number}')['result_code']
            )

    threads = [threading.Thread(target=run, args=(f'T{number}',)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ['SUCCESS'] * 40
    assert sim.merchant(DEMO_MERCHANT['mch_id'])['balance'] == 40


def test_one_code_charged_at_once_by_many_is_charged_once(sim, server):
    code, outcomes = sim.payment_code(), []

    def run(number):
        try:
            client(server.url).micropay.create('x', 1, code, '127.0.0.1', f'N{number}')
            outcomes.append('paid')
        except WeChatPayException as error:
            outcomes.append(error.errcode)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ['AUTH_CODE_ERROR'] * 5 + ['paid']
    assert sim.balance() == 500000 - 1


def test_a_forked_child_uses_connections_of_its_own(sim):
    sim.balance()
    child = os.fork()
    if not child:
        status = 1
        try:
            sim.set_account(sim.account(), balance=7)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert sim.balance() == 7


def test_the_ledger_remembers(sim, tmp_path):
    sim.clock.speed(0)
    sim.clock.set('2026-01-15T18:02:11+08:00')
    sim.set_account(sim.account(), balance=1)
    again = Simulator(sim.ledger.path)
    assert again.balance() == 1
    assert again.clock.now().isoformat() == '2026-01-15T18:02:11+08:00'
    again.reset()
    assert sim.balance() == 500000 and sim.clock.now().year >= 2025
    again.close()
    (tmp_path / 'note.txt').write_text("not a ledger " * 100)
    with pytest.raises(LedgerError, match='note.txt'):
        Simulator(tmp_path / 'note.txt')


def test_clock(sim):
    sim.clock.speed(0)
    before = sim.clock.now()
    sim.clock.advance(3600)
    assert (sim.clock.now() - before).total_seconds() == 3600
    sim.clock.speed(1000)
    start = sim.clock.timestamp()
    time.sleep(0.05)
    assert sim.clock.timestamp() - start >= 50
    with pytest.raises(ValueError, match='zone'):
        sim.clock.set('2026-01-15T18:02:11')
    with pytest.raises(ValueError):
        sim.clock.advance(-1)
    sim.clock.reset()
    assert abs(sim.clock.timestamp() - time.time()) < 1


# ---- the command ---------------------------------------------------------------------------

def start(*arguments):
    process = subprocess.Popen(
        [sys.executable, '-m', 'simulator', *map(str, arguments)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if 'Service provider' in line:
            break
    return process, ''.join(lines)


def test_command(tmp_path):
    process, shown = start('--port', 0, '--ledger', tmp_path / 'l.sqlite', '--speed', 2)
    url = re.search(r'API +(http://127\.0\.0\.1:\d+)/', shown).group(1)
    assert DEMO_MERCHANT['api_key'] in shown and f'{url}/phone' in shown
    code = requests.get(url + '/control/payment_code', timeout=5).json()['result']
    client(url).micropay.create('x', 100, code, '127.0.0.1', 'M1')
    order = client(url).order.create(
        'NATIVE', 'x', 1, 'http://127.0.0.1:9/n', '127.0.0.1', out_trade_no='W1', product_id='1'
    )
    assert order['code_url'].startswith(f'{url}/phone?pr=')
    page = requests.get(order['code_url'], timeout=5)
    assert page.status_code == 200
    taken = subprocess.run(
        [sys.executable, '-m', 'simulator', '--port', url.rpartition(':')[2]], cwd=ROOT,
        capture_output=True, text=True, timeout=30, check=False,
    )
    assert taken.returncode == 2 and taken.stdout == ''
    assert 'is taken' in taken.stderr and taken.stderr.count('\n') == 1
    process.send_signal(signal.SIGTERM)
    rest, log = process.communicate(timeout=20)
    assert process.returncode == 0 and 'stops' in rest and 'Traceback' not in log
    assert 'POST /pay/micropay 200' in log
    token = order['code_url'].partition('pr=')[2]
    for secret in (code, DEMO_MERCHANT['api_key'], token):
        assert secret not in log
    # What happened is still there.
    again = Simulator(tmp_path / 'l.sqlite')
    assert again.trade('M1')['trade_state'] == 'SUCCESS'
    again.close()


def test_command_with_tls_and_wechats_own_codes(tmp_path):
    process, shown = start('--port', 0, '--tls', tmp_path / 'c', '--phone-url', 'weixin')
    url = re.search(r'API +(https://127\.0\.0\.1:\d+)/', shown).group(1)
    pay = client(url)
    pay._http.verify = str(tmp_path / 'c' / 'ca.pem')
    order = pay.order.create(
        'NATIVE', 'x', 1, 'http://127.0.0.1:9/n', '127.0.0.1', out_trade_no='W1', product_id='1'
    )
    assert order['code_url'].startswith('weixin://wxpay/bizpayurl?pr=')
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_stop_ends_waiting_connections(sim):
    server = sim.serve()
    sim.fault('*', 'hang')
    outcome = []

    def call():
        try:
            client(server.url).order.query(out_trade_no='x')
        except requests.RequestException as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while sim.faults():
        time.sleep(0.01)
    time.sleep(0.05)
    server.stop()
    thread.join(5)
    assert isinstance(outcome[0], requests.ConnectionError)
    with pytest.raises(requests.ConnectionError):
        client(server.url).order.query(out_trade_no='x')


# ---- control -------------------------------------------------------------------------------

def control(server, name, status=200, **values):
    reply = requests.post(f'{server.url}/control/{name}', json=values, timeout=10)
    assert reply.status_code == status, reply.text
    return reply.json().get('result', reply.json())


def test_control(sim, server):
    methods = requests.get(server.url + '/control', timeout=5).json()['methods']
    assert {'pay', 'fault', 'clock', 'trades', 'notifications', 'set_merchant'} <= set(methods)
    pay = client(server.url)
    control(server, 'set_account', account='Li Lei', password='always')
    code = control(server, 'payment_code', account='Li Lei')
    with pytest.raises(WeChatPayException):
        pay.micropay.create('x', 100, code, '127.0.0.1', 'M1')
    assert control(server, 'waiting', account='Li Lei')[0]['out_trade_no'] == 'M1'
    assert control(server, 'pay', account='Li Lei', out_trade_no='M1')['trade_state'] == 'SUCCESS'
    listed = requests.get(server.url + '/control/trades', timeout=5).json()['result']
    assert [trade['out_trade_no'] for trade in listed] == ['M1']
    control(server, 'set_merchant', mch_id=pay.mch_id, balance=5)
    assert sim.merchant(pay.mch_id)['balance'] == 5
    control(server, 'clock', speed=0)
    before = control(server, 'clock')['timestamp']
    assert control(server, 'clock', advance=90)['timestamp'] == pytest.approx(before + 90)
    control(server, 'fault', endpoint='micropay', kind='drop')
    assert control(server, 'faults')[0]['kind'] == 'drop'
    control(server, 'clear_faults')
    control(server, 'reset')
    assert control(server, 'trades') == []


def test_control_explains_mistakes(server):
    assert control(server, 'nothing', 404)['error'] == 'UNKNOWN'
    assert 'micropay' in control(server, 'fault', 400, endpoint='x', kind='y')['message']
    assert control(server, 'fault', 400)['error'] == 'BAD_REQUEST'
    assert control(server, 'set_account', 400, account='Li Lei', balance='5')['message']
    assert control(server, 'clock', 400, jump=5)['message']
    assert control(server, 'pay', 400, account='Li Lei', out_trade_no='x')['error'] == (
        'NOT_WAITING'
    )
    reply = requests.post(server.url + '/control/fault', data=b'{', timeout=5)
    assert reply.status_code == 400
    assert requests.get(server.url + '/control/reset', timeout=5).status_code == 405


def test_other_sites_cannot_use_control_or_phone(sim, server):
    headers = {'Origin': 'https://evil.example'}
    for path in ('/control/reset', '/phone/do'):
        assert requests.post(
            server.url + path, json={}, headers=headers, timeout=5
        ).status_code == 403
    assert requests.post(
        server.url + '/control/reset', headers={'Origin': server.url}, timeout=5
    ).status_code == 200


# ---- phone ---------------------------------------------------------------------------------

def do(server, action, status=200, **words):
    reply = requests.post(
        server.url + '/phone/do', json={'account': 1, 'action': action, **words}, timeout=10
    )
    assert reply.status_code == status, reply.text
    return reply.json()


def test_phone_page_speaks_both_languages(server):
    def page(**headers):
        return requests.get(server.url + '/phone', headers=headers, timeout=5).text

    assert 'lang="en"' in page() and 'Show to cashier' in page()
    assert 'lang="zh-CN"' in page(**{'Accept-Language': 'zh-CN,zh;q=0.9,en;q=0.5'})
    assert '向收银员出示' in requests.get(server.url + '/phone?lang=zh', timeout=5).text
    assert requests.get(server.url, timeout=5).url == server.url + '/phone'
    for name in ('app.js', 'app.css'):
        reply = requests.get(f'{server.url}/phone/{name}', timeout=5)
        assert reply.status_code == 200 and len(reply.content) > 1000
        outside = re.findall(r'https?://[^"\')\s]+', reply.text)
        assert set(outside) <= {'http://www.w3.org/2000/svg'}
    assert requests.get(server.url + '/phone/texts.py', timeout=5).status_code == 404


def test_both_languages_say_the_same_things():
    from simulator.phone.texts import OFFERED, TEXTS
    assert set(TEXTS['en']) == set(TEXTS['zh'])
    for endpoint, kinds in OFFERED.items():
        assert {endpoint, *kinds} <= set(TEXTS['en'])
    script = (ROOT / 'simulator' / 'phone' / 'app.js').read_text()
    used = set(re.findall(r'texts\.([a-z_]+)', script))
    assert used <= set(TEXTS['en'])


def test_phone_code_and_pictures(sim, server):
    state = requests.get(server.url + '/phone/state?account=1', timeout=5).json()
    code = state['code']
    assert code['digits'] == sim.payment_code()
    assert code['groups'].replace(' ', '') == code['digits'] and code['groups'][4] == ' '
    assert code['barcode'].startswith('<svg') and code['qr'].startswith('<svg')
    assert 0 < code['seconds'] <= 60
    again = requests.get(
        f"{server.url}/phone/state?account=1&shown={code['mark']}", timeout=5
    ).json()['code']
    assert set(again) == {'mark', 'seconds'}
    sim.clock.advance(61)
    newer = requests.get(
        f"{server.url}/phone/state?account=1&shown={code['mark']}", timeout=5
    ).json()['code']
    assert newer['digits'] != code['digits']


def test_barcode_is_code_128():
    from simulator.phone.pictures import barcode_svg
    svg = barcode_svg('134567890123456789')
    width = int(re.search(r'viewBox="0 0 (\d+)', svg).group(1))
    # Start, 9 pairs of digits and check sum of 11 modules, the stop of 13, and quiet zones.
    assert width == 11 * 11 + 13 + 20
    bars = [(int(x), int(w)) for x, w in re.findall(r'M(\d+) 0h(\d+)', svg)]
    modules = ['0'] * width
    for x, bar in bars:
        modules[x:x + bar] = '1' * bar
    drawn = ''.join(modules).strip('0')
    assert drawn.startswith('11010011100') and drawn.endswith('1100011101011')
    assert drawn[11:22] == '10011011100'      # the pair 13 in code set C


def test_paying_on_the_phone(sim, server):
    pay = client(server.url)
    url = pay.order.create(
        'NATIVE', 'A <b>table</b>', 123450, 'http://127.0.0.1:9/n', '127.0.0.1',
        out_trade_no='W1', product_id='1',
    )['code_url']
    (asked,) = do(server, 'scan', text=url)['state']['waiting']
    assert (asked['amount'], asked['way']) == ('¥1234.50', 'by_scan')
    assert asked['body'] == 'A <b>table</b>'
    state = do(server, 'wrong_password', out_trade_no='W1')['state']
    assert state['waiting'][0]['last'] == 'wrong_password'
    state = do(server, 'pay', out_trade_no='W1')['state']
    assert state['waiting'] == [] and state['account']['balance'] == '¥3765.50'
    (row,) = state['history']
    assert (row['state'], row['amount'], row['moved']) == ('SUCCESS', '¥1234.50', True)
    pay.refund.apply(123450, 450, 'R1', out_trade_no='W1')
    (row,) = do(server, 'advance', seconds=10)['state']['history']
    assert row['refunds'] == [{'amount': '¥4.50', 'state': 'refund_SUCCESS'}]
    assert do(server, 'pay', 409, out_trade_no='W1')['error'] == 'NOT_WAITING'
    assert do(server, 'scan', 409, text='hello world')['error'] == 'NOT_A_CODE'
    assert do(server, 'scan', 409, text=url)['error'] == 'ALREADY_PAID'


def test_settings_and_trouble_on_the_phone(sim, server):
    assert do(server, 'password', value='always')['state']['account']['password'] == 'always'
    assert do(server, 'top_up')['state']['account']['balance'] == '¥6000.00'
    state = do(server, 'new_account', name="Anna")['state']
    assert state['account']['name'] == "Anna" and len(state['accounts']) == 3
    do(server, 'new_account', 400, name="Anna")
    state = do(server, 'fault', endpoint='micropay', kind='drop', times=3, paid=False)['state']
    assert state['faults'] == [
        {'endpoint': 'micropay', 'kind': 'drop', 'times': 3, 'paid': False},
    ]
    assert sim.faults()[0]['params'] == {'paid': False}
    do(server, 'fault', 400, endpoint='micropay', kind='nonsense', times=1)
    assert do(server, 'clear_faults')['state']['faults'] == []
    from simulator.phone.texts import OFFERED
    for endpoint, kinds in OFFERED.items():
        for kind in kinds:
            state = do(server, 'fault', endpoint=endpoint, kind=kind, times=None)['state']
            assert state['faults'][-1]['kind'] == kind, (endpoint, kind)
    requests.post(server.url + '/phone/do', data=b'x', timeout=5)


def test_mounted_under_a_prefix(sim):
    from werkzeug.middleware.dispatcher import DispatcherMiddleware
    from werkzeug.test import Client
    from werkzeug.wrappers import Response

    app = DispatcherMiddleware(Response("nothing", 404), {'/wechat/simulator': sim.wsgi_app})
    browser = Client(app)
    page = browser.get('/wechat/simulator/phone')
    assert '/wechat/simulator/phone/app.js' in page.text
    data = json.loads(re.search(r'application/json">(.*?)</script>', page.text).group(1))
    assert data['base'] == '/wechat/simulator'
    assert browser.get('/wechat/simulator/').location.endswith('/wechat/simulator/phone')
    assert browser.get('/wechat/simulator/phone/state').json['account']['name'] == "Li Lei"
    # Nobody's socket is at hand here: a dropped answer becomes an error page.
    sim.fault('*', 'drop')
    assert browser.post('/wechat/simulator/pay/orderquery', data=b'<xml/>').status_code == 504


def test_adapter_behind_a_prefix(sim):
    pay = client('https://shop.example/wechat/simulator')
    pay._http.mount('https://', sim.adapter('/wechat/simulator'))
    charge(sim, pay, 'M1')
    assert sim.trade('M1')['trade_state'] == 'SUCCESS'


def test_names_of_accounts(sim):
    assert sim.account()['name'] == "Li Lei" and len(sim.accounts()) == 2
    anna = sim.account("Anna")
    assert sim.account("Anna")['id'] == anna['id'] and anna['balance'] == 500000
    with pytest.raises(ValueError, match='balance'):
        sim.set_account(anna, money=5)
    with pytest.raises(ValueError):
        sim.set_account(anna, balance=1.5)
    with pytest.raises(PhoneError):
        sim.balance('Nobody')
    with pytest.raises(ValueError, match='refund_seconds'):
        sim.set_merchant(DEMO_MERCHANT['mch_id'], speed=5)
    with pytest.raises(ValueError, match='32'):
        sim.set_merchant(DEMO_MERCHANT['mch_id'], api_key='short')
