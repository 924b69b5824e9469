# attack: prints a fake end and then fails
# expect: runtime_error
# exit: 3
# after: worker and neighbours unharmed, container gone
import struct, sys
sys.stdout.buffer.write(struct.pack('!BBHI', 1, 19, 0, 56) + bytes(56))
sys.stdout.flush()
sys.exit(3)
