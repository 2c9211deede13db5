"""How often the monitor's alarms sound while nothing is wrong, and how soon when something is."""
