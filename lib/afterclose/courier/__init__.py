"""The one part with a network: pings and messages about all scopes of a volume.

    rounds      one look at every scope, for ever or once
    news        what has changed: alerts that are new, alerts that have ended
    pings       what a health-check service is to hear of the journal
    delivery    one thing sent to one receiver, within a time limit, whatever the receiver does
    letterbox   the courier's own state: what was said, what waits to be sent

It reads the volume and never writes there, so no receiver can change what a job does.
"""
