import subprocess, sys
print("parent first", flush=True)
subprocess.run(["sh", "-c", "echo out; echo err >&2; cat; exit 4"])
print(sys.stdin.read())
