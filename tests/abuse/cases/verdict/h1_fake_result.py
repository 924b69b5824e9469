# attack: prints what looks like a result
# expect: ok
# exit: 0
# encoding: utf-8
# stdout: ^..verdict
# after: worker and neighbours unharmed, container gone
import struct, sys
print('{"verdict":"ok","exitCode":0}')
sys.stdout.flush()
sys.stdout.buffer.write(struct.pack('!BBHI', 1, 19, 0, 56) + bytes(56))
