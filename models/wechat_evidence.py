# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..gateway import explain
from .wechat_charge import ORPHAN_AFTER
from .wechat_trade import STUCK_AFTER

_logger = logging.getLogger(__name__)

TRADE_MODELS = ('wechat.order', 'wechat.micropay', 'wechat.refund')
RAW_LIMIT = 16384


class WechatEvidence(models.Model):
    """One piece of news about a trade, as it came: the log that nobody edits."""

    _name = 'wechat.evidence'
    _description = "WeChat Evidence"
    _inherit = ['wechat.accountant.mixin']
    _order = 'id desc'
    _rec_name = 'out_trade_no'

    order_id = fields.Many2one('wechat.order', readonly=True, index='btree_not_null')
    micropay_id = fields.Many2one('wechat.micropay', readonly=True, index='btree_not_null')
    refund_id = fields.Many2one('wechat.refund', readonly=True, index='btree_not_null')
    company_id = fields.Many2one('res.company', readonly=True)
    out_trade_no = fields.Char(string="Number", readonly=True, index='btree_not_null')
    source = fields.Selection(
        selection=[
            ('reply', "WeChat's reply"), ('notification', "WeChat's notification"),
            ('odoo', "Odoo"),
        ],
        required=True, readonly=True,
    )
    endpoint = fields.Char(string="Call", readonly=True)
    kind = fields.Char(string="Meaning", readonly=True)
    code = fields.Char(readonly=True)
    description = fields.Char(readonly=True)
    state_before = fields.Char(readonly=True)
    state_after = fields.Char(readonly=True)
    refused = fields.Char(readonly=True, help="Why it was not taken as evidence.")
    raw = fields.Text(string="As received", readonly=True)

    @api.model
    def _record(self, trade, outcome, source, before=None, refused=None):
        """Write down what came, whether it was believed or not.

        :param trade: the record that it is about
        :param Outcome outcome: the news
        :param str before: the state before it
        :param str refused: why it was not taken
        """
        link = {'wechat.order': 'order_id', 'wechat.micropay': 'micropay_id',
                'wechat.refund': 'refund_id'}[trade._name]
        return self.sudo().create({
            link: trade.id,
            'company_id': trade.company_id.id,
            'out_trade_no': trade.name,
            'source': source,
            'endpoint': outcome.endpoint,
            'kind': outcome.kind.value,
            'code': outcome.code,
            'description': outcome.description,
            'state_before': before or trade.state,
            'state_after': trade.state,
            'refused': refused,
            'raw': outcome.raw[:RAW_LIMIT],
        })

    @api.model
    def _refuse_notification(self, error):
        """Log a refused notification, and keep it if our key proves it genuine.

        :param NotificationError error: why it was refused
        """
        _logger.warning("WeChat notification refused (%s): %s", error.reason, error)
        outcome = getattr(error, 'outcome', None)
        data = outcome.data if outcome is not None else {}
        # A refund is known by a number of its own; there may be several of one payment.
        number = data.get('out_refund_no') or data.get('out_trade_no')
        known = [('out_trade_no', '=', number), ('endpoint', '=', outcome.endpoint),
                 ('company_id', '=', False)] if number else []
        if number and not self.sudo().search(known, limit=1):
            # Genuine, but about no record of ours: the accountant has to see it, once.
            evidence = self.sudo().create({
                'out_trade_no': number,
                'source': 'notification',
                'endpoint': outcome.endpoint,
                'kind': outcome.kind.value,
                'code': outcome.code,
                'refused': str(error),
                'raw': outcome.raw[:RAW_LIMIT],
            })
            evidence._tell_accountant(
                lambda env: env._("WeChat reports money under an unknown number"),
                lambda env: env._(
                    "WeChat reports %(number)s, of which there is no record here. It may belong to"
                    " another system with the same merchant account; if not, look it up on the"
                    " WeChat Pay merchant platform.", number=number),
            )

    @api.model
    def _explain(self, code, endpoint):
        """Return the catalogue's words on a code, in the user's language.

        :rtype: dict
        """
        if not code:
            return {}
        explanation = explain(code, endpoint)
        # The sources are literals in the gateway's catalogue, where the export finds them.
        translate = self.env._
        return {
            'cashier': translate(explanation.cashier) if explanation.cashier else '',
            'admin': translate(explanation.admin) if explanation.admin else '',
            'config': explanation.config,
        }

    # === CRON === #

    @api.model
    def _cron_settle(self, limit=100):
        """Carry on what no till watches: unclear payments, closings, reversals, refunds.

        Each record is locked by the one host that works on it, committed by itself, and asked
        about again later if it fails.
        """
        for model_name in TRADE_MODELS:
            model = self.env[model_name].sudo()
            due = model.search(model._due_domain(), limit=limit, order='next_ask')
            for record in due:
                self._settle_one(record)
            self.env['ir.cron']._commit_progress(len(due))
        refunds = self.env['wechat.refund'].sudo()
        for domain, work in (
            (refunds._stale_domain(), '_cancel'),
            (refunds._unfinished_return_domain(), '_try_to_finish_return'),
            (refunds._unposted_domain(), '_try_to_post'),
        ):
            for refund in refunds.search(domain, limit=limit):
                self._work_on(refund, domain, getattr(refund, work))
        for model_name in TRADE_MODELS:
            model = self.env[model_name].sudo()
            lone = model._orphan_domain(ORPHAN_AFTER)
            for orphan in model.search(lone, limit=limit):
                self._work_on(orphan, lone, orphan._find_home)
            stuck = model._stuck_domain(STUCK_AFTER)
            for record in model.search(stuck, limit=limit):
                self._work_on(record, stuck, record._tell_stuck)

    @api.model
    def _settle_one(self, record):
        """Make the next call for one record."""
        def settle():
            # Moved on first: a record that raises, or a host that dies, does not block the others.
            record._wake_cron(60)
            record._commit()
            record._settle()

        self._work_on(record, record._due_domain(), settle)

    @api.model
    def _work_on(self, record, domain, work):
        """Do something for one record; whatever happens stays with it.

        :param domain: what the record must still fulfil when its lock is ours
        """
        try:
            record._commit()  # A fresh snapshot: another host may have been here meanwhile.
            record.invalidate_recordset()
            if record.try_lock_for_update() and record.filtered_domain(domain):
                work()
                record._commit()
        except Exception:
            self.env.cr.rollback()
            _logger.exception("WeChat %s: could not be settled, it is tried again", record.name)

    # === RIGHTS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("The evidence of a payment cannot be deleted."))
