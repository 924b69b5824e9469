import sys, cProfile, pstats, io
lines = []
def f(): return sum(range(3))
sys.settrace(lambda fr, ev, arg: lines.append((ev, fr.f_code.co_name, fr.f_lineno)))
f(); sys.settrace(None); print(lines)
p = cProfile.Profile(); p.runcall(f); s = io.StringIO(); pstats.Stats(p, stream=s); print("primitive" in s.getvalue() or "ok")
