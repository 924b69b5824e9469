import os, sys
sys.stdout.write("flushed\n"); sys.stdout.flush()
os._exit(0)
