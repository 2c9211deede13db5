"""The review pages: one look that settles whether to promote a candidate.

The writers (`writer`, `compare_writer`, `volume_writer`) read a scope's files and write pages;
the views say in words what is on them, the charts draw, `pages` fills the templates. A page is
one file that asks nothing of anybody: no network, no server, no other file. Its scripts stand
in `templates`: `page.js` (every page), `chart.js` (charts over time), `trades.js` (the table).
"""
