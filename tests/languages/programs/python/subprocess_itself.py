import subprocess, sys, os
if len(sys.argv) > 1:
    print("child", sys.argv, sorted(os.environ), sys.stdin.read()); sys.exit(3)
r = subprocess.run([sys.executable, __file__, "again"], input="from parent", capture_output=True, text=True)
print(r.returncode, r.stdout, r.stderr)
