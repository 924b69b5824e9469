import subprocess, sys
for args in (["-m", "main"], ["-I", "main.py"], ["-S", "-c", "print(1)"], ["-c", "import main"]):
    if __name__ == "__main__" and len(sys.argv) == 1 and "SEEN" not in __import__("os").environ:
        r = subprocess.run([sys.executable, *args], env={"SEEN": "1", "PATH": "/usr/bin:/usr/local/bin"}, capture_output=True, text=True)
        print(r.returncode, r.stdout, r.stderr)
print(__name__)
