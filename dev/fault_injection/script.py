# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""What happens in a seed: who sells what to whom, and how everybody behaves. No faults yet."""

from dataclasses import dataclass
from random import Random

# Orders can be closed after 300 seconds, money without an order is told of after 600, a code
# expires after 7200. What happens then has to meet faults as well.
LEAPING, LEAPS = 0.25, (280, 300, 580, 7170)
METHODS = ('wechat_native', 'wechat_micropay')
REFUND_ENDS = ('SUCCESS',) * 10 + ('CHANGE', 'REFUNDCLOSE')


@dataclass
class Customer:
    """How a customer behaves.

    :ivar patience: seconds until they do something with a code or a password prompt
    :ivar act: `pay`, `wrong_password`, `cancel`, `silent` or `ignore`
    :ivar password: WeChat asks for it: `never` or `always`
    :ivar pays_old_codes: pays every code ever seen, also after the cashier has withdrawn it
    :ivar old_patience: seconds until they pay a withdrawn code
    :ivar balance: fen
    :ivar refund_status: how refunds to this customer end: `SUCCESS`, `CHANGE` or `REFUNDCLOSE`
    """

    patience: int
    act: str
    password: str
    pays_old_codes: bool
    old_patience: int
    balance: int
    refund_status: str = 'SUCCESS'


@dataclass
class Sale:
    """One sale at one till.

    :ivar start: seconds after the beginning of the seed
    :ivar cancel_after: seconds until the cashier gives a try up, or `None`: waits for the end
    :ivar next_tries: what the cashier does after a failure, in turn: `again`, `other`,
        `cash`, `leave`
    :ivar reload_at: calls after which the till loses its memory, or `None`
    :ivar die_at: calls after which the till is dead for good, or `None`
    :ivar second_scan: the code is read a second time while the first is under way
    :ivar returned: units that come back afterwards, in turn
    :ivar parts: fen of its payment lines if one pays only a part, or nothing
    :ivar refund_patience: seconds that the cashier waits for a refund that WeChat does not take
        yet; then the customer gets cash. `None`: waits for the end
    :ivar office: `(seconds after the beginning, share)`: then an accountant gives this share of
        what is left of a payment back, or nothing
    :ivar platform: the same by hand on the merchant platform
    :ivar second_till: `(method, seconds after the first)` of a second till that takes the money of
        the same order on a payment line of its own, or nothing
    """

    start: int
    method: str
    units: int
    unit_fen: int
    customer: Customer
    cancel_after: int | None
    next_tries: tuple
    reload_at: int | None
    die_at: int | None
    second_scan: bool
    returned: tuple
    second_till: tuple = ()
    parts: tuple = ()
    refund_patience: int | None = None
    office: tuple = ()
    platform: tuple = ()


@dataclass
class Script:
    """All of a seed.

    :ivar trouble: seconds during which there are faults; then comes the recovery
    :ivar leap: `(seconds after the beginning, seconds)`: so much time passes at once, or nothing
    :ivar payout: `(seconds after the beginning, seconds, there is another account)`: so long the
        merchant has no money for refunds, or nothing
    :ivar cron_phase: seconds after the beginning of the cron's first run; it runs each minute
    """

    seed: int
    sales: list
    trouble: int
    cron_phase: int
    leap: tuple = ()
    payout: tuple = ()


def write_script(seed):
    """Return the script of a seed: the same for the same number."""
    rng = Random(f'script/{seed}')
    sales = [_sale(rng) for _number in range(rng.choice((1, 2, 2, 3)))]
    for sale in sales:
        if rng.random() < 0.15:
            sale.second_till = (rng.choice(METHODS), rng.choice((0, 1, 5, 15, 30)))
            sale.returned = ()
            sale.customer.pays_old_codes = True
    script = Script(seed, sales, trouble=rng.randint(40, 100), cron_phase=rng.randint(5, 60))
    if rng.random() < LEAPING:
        at, seconds = rng.randint(20, 60), rng.choice(LEAPS)
        script.leap = (at, seconds)
        script.trouble = at + seconds + rng.randint(60, 120)
    _add_refunds(script, Random(f'refunds/{seed}'))
    return script


def _add_refunds(script, rng):
    """Add what happens to refunds."""
    for sale in script.sales:
        sale.customer.refund_status = rng.choice(REFUND_ENDS)
        sale.refund_patience = rng.choice((None, None, None, 10, 70))
        total = sale.units * sale.unit_fen
        if not sale.second_till and total > 1 and rng.random() < 0.25:
            first = rng.randint(1, total - 1)
            sale.parts = (first, total - first)
            sale.returned = sale.returned or _returned(rng, sale.units)
        if not sale.second_till and rng.random() < 0.3:
            sale.office = (rng.randint(15, 90), rng.choice((0.1, 0.5, 1)))
        if not sale.second_till and rng.random() < 0.15:
            sale.platform = (rng.randint(15, 90), rng.choice((0.1, 0.5, 1)))
    if rng.random() < 0.3:
        script.payout = (rng.randint(0, 30), rng.choice((60, 200, 600)), rng.random() < 0.3)
        for sale in script.sales:
            if not sale.second_till:
                sale.returned = sale.returned or _returned(rng, sale.units)


def _sale(rng):
    units = rng.randint(1, 4)
    return Sale(
        start=rng.randint(0, 20),
        method=rng.choice(METHODS),
        units=units,
        unit_fen=rng.choice((1, 7, 99, 100, 1999, rng.randint(1, 30000))),
        customer=Customer(
            patience=rng.choice((0, 1, 3, 8, 15, 35)),
            act=rng.choice(('pay',) * 8 + ('wrong_password', 'cancel', 'silent', 'ignore')),
            password=rng.choice(('never', 'never', 'always')),
            pays_old_codes=rng.random() < 0.3,
            old_patience=rng.choice((2, 10, 45, 120)),
            balance=rng.choice((10_000_000, 10_000_000, 10_000_000, 50)),
        ),
        cancel_after=rng.choice((None, None, 0, 3, 9, 16, 32)),
        next_tries=(*rng.choices(('again', 'other', 'leave', 'cash'), k=2), 'leave'),
        reload_at=rng.randint(1, 6) if rng.random() < 0.25 else None,
        die_at=rng.randint(1, 6) if rng.random() < 0.12 else None,
        second_scan=rng.random() < 0.2,
        returned=_returned(rng, units) if rng.random() < 0.4 else (),
    )


def _returned(rng, units):
    first = rng.randint(1, units)
    return (first,) if first == units or rng.random() < 0.5 else (first, units - first)
