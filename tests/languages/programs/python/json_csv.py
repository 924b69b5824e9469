import json, csv, io, configparser, tomllib
print(json.dumps({"b": [1, None, True, 1.5, "ü"], "a": {}}, sort_keys=True, indent=1))
w = csv.writer(buf := io.StringIO()); w.writerow(["a,b", 'q"', 1]); print(repr(buf.getvalue()))
print(tomllib.loads("a = 1\n[t]\nb = [1, 2]"))
