import shelve, dbm, os
with shelve.open("/tmp/shelf") as s: s["k"] = [1, 2]
with shelve.open("/tmp/shelf") as s: print(dict(s))
