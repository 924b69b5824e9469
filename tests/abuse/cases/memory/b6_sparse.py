# attack: maps 1 TiB without touching it
# expect: ok
# stdout: ^(mapped|refused)$
# after: worker and neighbours unharmed, container gone
import mmap
try:
    mmap.mmap(-1, 1 << 40)
    print('mapped')
except (OSError, MemoryError, ValueError):
    print('refused')
