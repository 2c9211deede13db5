"""When the market trades: sessions, calendars and the embargo counted in them."""
