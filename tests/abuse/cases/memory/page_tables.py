# attack: touches one page in every two MiB of a huge mapping: tables, no data
# expect: memory_limit
# limits: {"cpuSeconds": 10, "wallSeconds": 20}
# evidence: memory
# after: worker and neighbours unharmed, container gone
import mmap
size = 1 << 40
while True:
    try:
        area = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)  # MAP_NORESERVE
        break
    except OSError:
        size //= 2
for place in range(0, size, 2 << 20):
    area[place] = 1
