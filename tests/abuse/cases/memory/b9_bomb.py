# attack: unpacks a bomb of 1000:1 in memory
# expect: memory_limit
# limits: {"cpuSeconds": 10, "wallSeconds": 15}
# evidence: memory
# after: worker and neighbours unharmed, container gone
import zlib
packer = zlib.compressobj(1)
bomb = b''.join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
kept = zlib.decompress(bomb)
