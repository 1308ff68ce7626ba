-- A copy of a database must not take real money: its numbers are those of the original.
UPDATE ir_config_parameter SET value = '' WHERE key LIKE 'wechat.%';
UPDATE ir_config_parameter SET value = '1' WHERE key = 'wechat.local_sandbox';
UPDATE wechat_order SET state = 'error', err_code = 'NEUTRALIZED' WHERE state IN ('draft', 'pending');
UPDATE wechat_micropay SET state = 'error', err_code = 'NEUTRALIZED' WHERE state IN ('draft', 'pending');
UPDATE wechat_refund SET state = 'error', err_code = 'NEUTRALIZED' WHERE state IN ('draft', 'pending');
