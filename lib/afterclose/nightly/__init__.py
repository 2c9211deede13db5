"""The work after the close: when it is due, its steps, its journal, its status."""
