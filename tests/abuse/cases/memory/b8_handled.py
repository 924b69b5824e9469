# attack: is refused memory and carries on
# expect: ok
# stdout: ^handled$
# after: worker and neighbours unharmed, container gone
import resource
resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))
try:
    bytearray(1 << 40)
except MemoryError:
    print('handled')
