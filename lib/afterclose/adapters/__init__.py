"""The filter inside the bots of others; a module is imported only by whoever has that bot."""
