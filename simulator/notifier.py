# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""Notifications to the merchant, with WeChat's schedule of repeats.

A notification that is due is claimed in the ledger before it is sent, so that two processes never
send the same try twice.
"""
import hashlib
import logging
import secrets
import threading
import time

import requests

from . import faults, refunds, wire
from .ledger import insert, update
from .merchants import get_merchant
from .trades import get_trade_by_id, payment_fields, request_of
from .wire import compact_time

_logger = logging.getLogger(__name__)

# Seconds from one try to the next: 15 repeats, the last one 24 h 4 min after the first try.
WAITS = (
    15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600,
)
CLAIM_SECONDS = 30      # real time after which a claim of a dead process is void
REORDER_SECONDS = 600
MAX_REPLY = 16 * 1024


def post_over_http(seconds):
    """The usual way to send a notification: over HTTP, without following redirects.

    :param seconds: how long to wait for the reply
    :return: ``post(url, body, headers) -> (status_code, body_bytes)``
    """
    def post(url, body, headers):
        response = requests.post(
            url, data=body, headers=headers, timeout=seconds, allow_redirects=False
        )
        return response.status_code, response.content
    return post


def deliver_due(simulator, post=None):
    """Send all that is due now.

    :param post: ``post(url, body_bytes, headers) -> (status_code, body_bytes)``
    :return: how many notifications were sent
    """
    simulator.settle()
    post = post or post_over_http(simulator.reply_seconds)
    sent = 0
    while True:
        notification, fault = _claim(simulator)
        if notification is None:
            return sent
        sent += _deliver(simulator, notification, fault, post)


def _claim(simulator):
    """The next notification that is due, claimed, with the fault that it meets."""
    while True:
        with simulator.ledger.read() as db:
            now = simulator.clock.timestamp(db)
            if not _next(db, now):
                return None, None
        with simulator.ledger.write() as db:
            now = simulator.clock.timestamp(db)
            row = _next(db, now)
            if not row:
                return None, None
            trade = get_trade_by_id(db, row['trade_id'])
            endpoint = 'notification' if row['kind'] == 'payment' else 'refund_notification'
            fault = faults.take(db, endpoint, trade['out_trade_no']) or {}
            if fault.get('kind') == 'delay':
                update(
                    db, 'notifications', row['id'], next_at=now + float(fault.get('seconds', 60))
                )
                continue
            if fault.get('kind') == 'reorder':
                (tries,) = db.execute('SELECT count(*) FROM tries').fetchone()
                update(
                    db, 'notifications', row['id'], hold_tries=tries + 1,
                    hold_until=now + REORDER_SECONDS,
                )
                continue
            update(
                db, 'notifications', row['id'], claim=secrets.token_hex(8),
                claimed_at=time.time(),
            )
            return db.execute(
                'SELECT * FROM notifications WHERE id = ?', [row['id']]
            ).fetchone(), fault


def _next(db, now):
    return db.execute(
        "SELECT * FROM notifications WHERE state = 'waiting' AND next_at <= ?"
        ' AND (claim IS NULL OR claimed_at < ? OR claimed_at > ?)'
        ' AND (hold_until IS NULL OR hold_until <= ?'
        '      OR hold_tries <= (SELECT count(*) FROM tries))'
        ' ORDER BY next_at, id LIMIT 1',
        [now, time.time() - CLAIM_SECONDS, time.time() + CLAIM_SECONDS, now],
    ).fetchone()


def _deliver(simulator, notification, fault, post):
    """Send one claimed notification and book what came back."""
    kind = fault.get('kind', '')
    with simulator.ledger.read() as db:
        body = _build(db, notification, kind)
    status, reply, ok = None, '', False
    try:
        if kind == 'drop':
            reply = "lost on the way"
        else:
            for _time in range(2 if kind == 'double' else 1):
                status, content, seconds = _timed(post, notification['url'], body)
                in_time = seconds <= simulator.reply_seconds
                ok = status == 200 and in_time and _is_success(content)
                reply = content[:MAX_REPLY].decode('utf-8', 'replace')
    except (requests.RequestException, OSError) as error:
        reply = f"{type(error).__name__}: no answer"
    except Exception as error:
        reply = f"{type(error).__name__} while posting"
        raise
    finally:
        _book(simulator, notification, kind, body, status, reply, ok)
    return 1


def _timed(post, url, body):
    started = time.monotonic()
    status, content = post(url, body, {'Content-Type': 'text/xml'})
    return status, content, time.monotonic() - started


def _is_success(content):
    try:
        return wire.parse_xml(content.strip()).get('return_code') == 'SUCCESS'
    except (wire.NotXml, wire.NotUtf8):
        return False


def _book(simulator, notification, kind, body, status, reply, ok):
    with simulator.ledger.write() as db:
        now = simulator.clock.timestamp(db)
        insert(
            db, 'tries', notification_id=notification['id'], at=now, fault=kind,
            body=body.decode('utf-8'), status=status, reply=reply, ok=int(ok),
        )
        current = db.execute(
            'SELECT * FROM notifications WHERE id = ?', [notification['id']]
        ).fetchone()
        if not current or current['claim'] != notification['claim']:
            return
        tries = current['tries'] + 1
        changes = {'tries': tries, 'claim': None, 'claimed_at': None}
        if ok:
            changes['state'] = 'delivered'
        elif tries > len(WAITS):
            changes['state'] = 'given_up'
        else:
            changes['next_at'] = now + WAITS[tries - 1]
        update(db, 'notifications', notification['id'], **changes)


def _build(db, notification, kind):
    """The document of one try. A refund's is not signed but encrypted."""
    trade = get_trade_by_id(db, notification['trade_id'])
    merchant = get_merchant(db, trade['mch_id'])
    key = merchant['api_key']
    values = {
        'return_code': 'SUCCESS',
        'return_msg': 'OK' if notification['kind'] == 'payment' else '',
        'appid': trade['appid'],
        'mch_id': trade['mch_id'],
        'sub_appid': trade['sub_appid'],
        'sub_mch_id': trade['sub_mch_id'],
        'nonce_str': wire.random_text(32),
    }
    if notification['kind'] == 'refund':
        row = db.execute(
            'SELECT * FROM refunds WHERE id = ?', [notification['refund_id']]
        ).fetchone()
        secret = hashlib.sha256(key.encode()).hexdigest()[:32] if kind == 'wrong_signature' else key
        inner = faults.distort(refunds.notification_fields(trade, row), kind)
        values = faults.distort(values, kind)
        values['req_info'] = wire.encrypt_req_info(
            {name: value for name, value in inner.items() if name not in values}, secret
        )
        return wire.build_xml(values)
    request = request_of(trade)
    values.update(payment_fields(trade), result_code='SUCCESS')
    if request.get('sign_type'):
        values['sign_type'] = request['sign_type']
    values = faults.distort(values, kind)
    values['sign'] = wire.sign(values, key, request.get('sign_type') or 'MD5')
    if kind == 'wrong_signature':
        turned = values['sign'][::-1]
        values['sign'] = turned if turned != values['sign'] else '0' * len(turned)
    return wire.build_xml(values)


def describe(db, row):
    """One notification with its tries, for an audit."""
    trade = get_trade_by_id(db, row['trade_id'])
    refund = None
    if row['refund_id']:
        refund = db.execute('SELECT * FROM refunds WHERE id = ?', [row['refund_id']]).fetchone()
    tries = db.execute(
        'SELECT * FROM tries WHERE notification_id = ? ORDER BY id', [row['id']]
    ).fetchall()
    return {
        'kind': row['kind'],
        'mch_id': trade['mch_id'],
        'out_trade_no': trade['out_trade_no'],
        'out_refund_no': refund['out_refund_no'] if refund else None,
        'url': row['url'],
        'state': row['state'],
        'tries': row['tries'],
        'created_at': compact_time(row['created_at']),
        'next_at': compact_time(row['next_at']) if row['state'] == 'waiting' else '',
        'log': [
            {
                'at': compact_time(one['at']), 'fault': one['fault'], 'body': one['body'],
                'status': one['status'], 'reply': one['reply'], 'ok': bool(one['ok']),
            }
            for one in tries
        ],
    }


class Notifier:
    """Threads that send what is due, until stopped: one slow shop must not hold up the others."""

    THREADS = 3
    PAUSE = 0.25            # seconds between looks, as other processes may add notifications

    def __init__(self, simulator, post=None):
        self._simulator = simulator
        self._post = post
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f'wechat-notifier-{number}', daemon=True)
            for number in range(self.THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stopping.set()
        self._simulator.wake()
        for thread in self._threads:
            thread.join(self._simulator.reply_seconds + 1)

    def _run(self):
        while not self._stopping.is_set():
            seen = self._simulator.news
            try:
                sent = deliver_due(self._simulator, self._post)
            except Exception:
                _logger.exception("A notification could not be sent")
                sent = 0
            if not sent:
                self._simulator.wait(self.PAUSE, seen)
