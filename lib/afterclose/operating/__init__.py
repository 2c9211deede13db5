"""What a person or cron asks of a scope: the cycle, promotions, status, verification."""
