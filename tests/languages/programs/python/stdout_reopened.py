import sys, io
sys.stdout.reconfigure(encoding="ascii", errors="backslashreplace", line_buffering=True)
print("grün")
with open(1, "w", closefd=False) as f: f.write("second\n")
sys.stdout = io.StringIO(); print("nowhere"); sys.stdout = sys.__stdout__; print("back")
