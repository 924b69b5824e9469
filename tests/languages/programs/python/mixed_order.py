import sys, os
print("1 buffered")
sys.stderr.write("2 stderr\n")
os.write(1, b"3 direct\n")
print("4 buffered", flush=True)
