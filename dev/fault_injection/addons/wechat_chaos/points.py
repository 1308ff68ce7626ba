# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""The points at which a server can be broken, and the ways to break it.

A request brings its fault along in the header ``X-Wechat-Chaos``, a JSON object::

    {"place": "commit" or "call" or "lock", "when": "before" or "after", "nth": 1, "do": …}

Places: the commit of any cursor, a call to WeChat, the row lock of a WeChat record. They are
counted through all that the request does, Odoo's reruns after a conflict included. What is done
(``do``):

``kill_worker``  SIGKILL of this process; inside the harness, an end that runs no more of our code
``kill_server``  SIGKILL of the whole server
``cut``          PostgreSQL ends the connection of this cursor
``serialize``    PostgreSQL's serialization failure
``conflict``     a real one: a rival changes the row that is about to be locked
``meet``         stop, and go on when the harness has done something else (address: ``port``)
``survey``       nothing: each point that is reached is written down, so that all can be tried

Each hit is written down in the file ``hits`` before it happens.
"""

import functools
import json
import os
import re
import signal
import socket

import psycopg2
import requests

from odoo.http import request
from odoo.sql_db import Cursor

HEADER = 'X-Wechat-Chaos'
FOLDER = os.environ['WECHAT_CHAOS']
ONE_PROCESS = os.environ.get('WECHAT_CHAOS_ONE_PROCESS') == '1'
MEETING_SECONDS = 120
# With or without the lock itself, so that its absence shows.
LOCKED_ROW = re.compile(r'SELECT id FROM "(wechat_\w+)" WHERE id = %s')


class Killed(BaseException):
    """The process is dead: nothing of Odoo or of ours may run any more."""


class Plan:
    """The fault of one request, and how far it has come."""

    def __init__(self, fault):
        self.fault = fault
        self.seen = 0
        self.fired = False

    def reach(self, place, when, cursor=None, row=None):
        """Do what is planned if this is the point."""
        fault = self.fault
        if fault['do'] == 'survey':
            note({'do': 'survey', 'place': place, 'when': when})
            return
        if self.fired or (place, when) != (fault['place'], fault['when']):
            return
        self.seen += 1
        if self.seen == fault['nth']:
            self.fired = True
            note({'do': fault['do'], 'place': place, 'when': when, 'id': fault.get('id')})
            DEEDS[fault['do']](fault, cursor, row)


def plan():
    """Return the plan of the request that is being served, if it has one."""
    if not request:
        return None
    known = request.__dict__.get('wechat_chaos')
    if known is None:
        header = request.httprequest.headers.get(HEADER)
        known = request.__dict__['wechat_chaos'] = Plan(json.loads(header)) if header else False
    return known or None


def reach(place, when, cursor=None, row=None):
    """Tell the plan of the present request, if any, that it has come to a point."""
    current = plan()
    if current:
        if cursor is not None:
            current.cursor = cursor
        current.reach(place, when, cursor or getattr(current, 'cursor', None), row)


def note(hit):
    """Write a hit down so that it survives the death of this process."""
    line = json.dumps(hit) + '\n'
    descriptor = os.open(os.path.join(FOLDER, 'hits'), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


# ---- what can be done ------------------------------------------------------------------------

def kill_worker(_fault, cursor, _row):
    if not ONE_PROCESS:
        os.kill(os.getpid(), signal.SIGKILL)
    # The cut comes first: whatever still unwinds can change nothing in the database.
    cut(_fault, cursor, _row)
    raise Killed


def kill_server(fault, cursor, row):
    if not ONE_PROCESS:
        os.killpg(os.getpgid(0), signal.SIGKILL)
    kill_worker(fault, cursor, row)


def cut(_fault, cursor, _row):
    if cursor is not None and not cursor._closed:
        _beside(cursor, 'SELECT pg_terminate_backend(%s)', [cursor._cnx.get_backend_pid()])


def serialize(_fault, cursor, _row):
    # From PostgreSQL itself, so that the transaction is as broken as after a real one.
    cursor._obj.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")


def conflict(_fault, cursor, row):
    # Before the statement that locks: our transaction must have its snapshot by now.
    cursor._obj.execute('SELECT 1')
    table, record_id = row
    _beside(cursor, f'UPDATE {table} SET write_date = write_date WHERE id = %s', [record_id])


def meet(fault, _cursor, _row):
    with socket.create_connection(('127.0.0.1', fault['port']), MEETING_SECONDS) as harness:
        harness.sendall(f"{fault['id']}\n".encode())
        harness.recv(16)


DEEDS = {
    'kill_worker': kill_worker, 'kill_server': kill_server, 'cut': cut, 'serialize': serialize,
    'conflict': conflict, 'meet': meet,
}


def _beside(cursor, statement, params):
    """Run one statement on a connection of its own."""
    connection = psycopg2.connect(dbname=cursor.dbname)
    try:
        connection.autocommit = True
        with connection.cursor() as beside:
            beside.execute(statement, params)
    finally:
        connection.close()


# ---- where -----------------------------------------------------------------------------------

def install():
    """Put the points into Odoo's cursor and into what carries requests to WeChat."""
    commit, execute, send = Cursor.commit, Cursor.execute, requests.adapters.HTTPAdapter.send

    @functools.wraps(commit)
    def commit_with_points(self):
        reach('commit', 'before', self)
        commit(self)
        reach('commit', 'after', self)

    @functools.wraps(execute)
    def execute_with_points(self, query, params=None, log_exceptions=True):
        locked = LOCKED_ROW.match(query) if isinstance(query, str) else None
        if locked:
            reach('lock', 'before', self, (locked[1], params[0]))
        result = execute(self, query, params, log_exceptions)
        if locked:
            reach('lock', 'after', self, (locked[1], params[0]))
        return result

    @functools.wraps(send)
    def send_with_points(self, *args, **kwargs):
        reach('call', 'before')
        response = send(self, *args, **kwargs)
        # The whole answer is here, and none of it has been read.
        reach('call', 'after')
        return response

    Cursor.commit = commit_with_points
    Cursor.execute = execute_with_points
    requests.adapters.HTTPAdapter.send = send_with_points
