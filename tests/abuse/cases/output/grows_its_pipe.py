# attack: grows its output pipe and makes it non-blocking
# expect: output_limit
# evidence: stdout
# after: worker and neighbours unharmed, container gone
import fcntl, os
for size in (1 << 20, 1 << 24):
    try:
        fcntl.fcntl(1, 1031, size)  # F_SETPIPE_SZ
    except OSError:
        pass
os.set_blocking(1, False)
while True:
    try:
        os.write(1, b'x' * 65536)
    except BlockingIOError:
        pass
