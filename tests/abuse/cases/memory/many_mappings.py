# attack: makes as many mappings as there can be
# expect: ok | memory_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 15}
# after: worker and neighbours unharmed, container gone
import mmap
made = []
try:
    while len(made) < 200_000:
        made.append(mmap.mmap(-1, 4096, prot=mmap.PROT_READ if len(made) % 2 else mmap.PROT_WRITE))
except (OSError, MemoryError):
    pass
print('bounded')
