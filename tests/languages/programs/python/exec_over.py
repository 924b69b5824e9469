import os
os.execvp("python3", ["python3", "-c", "import sys, os; print(sys.argv, sorted(os.environ)); sys.exit(8)"])
