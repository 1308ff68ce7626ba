# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.

"""Who we are at WeChat."""

from dataclasses import dataclass, field

MAIN_URL = 'https://api.mch.weixin.qq.com/'


@dataclass(frozen=True)
class Credentials:
    """One merchant's identity, key and certificate.

    ``app_id``, ``mch_id`` and ``api_key`` (the 32-character APIv2 key) are always needed. A service
    provider gives its own in these three and the shop's in ``sub_mch_id`` / ``sub_app_id``.
    ``mch_cert`` and ``mch_key`` are paths of PEM files; only reverse, refund and the fund flow need
    them. ``miniprogram_app_id`` is a second app of the same merchant whose trades are ours, too.
    ``sandbox`` means WeChat's own sandbox, which serves micropay and orderquery only.
    """

    app_id: str
    mch_id: str
    api_key: str = field(repr=False)
    sub_mch_id: str | None = None
    sub_app_id: str | None = None
    mch_cert: str | None = None
    mch_key: str | None = None
    api_url: str = MAIN_URL
    sandbox: bool = False
    miniprogram_app_id: str | None = None

    @property
    def app_ids(self):
        """The app ids whose trades belong to this merchant (a set of str)."""
        return {app_id for app_id in (self.app_id, self.miniprogram_app_id) if app_id}
