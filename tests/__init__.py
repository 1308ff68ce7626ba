# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

from . import (
    test_access,
    test_callback,
    test_door,
    test_hostile,
    test_local_sandbox,
    test_micropay,
    test_micropay_table,
    test_money,
    test_native,
    test_orphan,
    test_pos_payment,
    test_receipt,
    test_refund,
    test_sentences,
    test_setup,
    test_states,
    test_tours,
    test_tours_display,
    test_tours_receipt,
    test_tours_scan,
)
