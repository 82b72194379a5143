"""Editions of the data that names are looked up in: fetched, checked, kept, and taken back.

`sources` says where they come from, `formats` reads what is published there, `worker` does that in a process
of its own, `shelf` keeps what came of it, `tables` says which are used, `update` carries it all out, and
`refresh` does so once a month. Nothing is imported here: the worker starts in a tenth of the time without it.
"""
