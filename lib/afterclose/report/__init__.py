"""The review pages: one look that settles whether to promote a candidate.

`writer` reads a scope's files and writes the pages; `candidate_view` and `scope_view` say in
words what is on them, the two `charts` draw, `pages` fills the templates. A page is one file that
asks nothing of anybody: no network, no server, no other file.
"""
