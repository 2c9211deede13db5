"""The work after the close: when it is due, its journal, its status, its cron."""
