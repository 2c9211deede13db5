"""The container's cron: crontab lines, their next runs, and the runner that starts jobs."""
