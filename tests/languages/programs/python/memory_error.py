try: b"x" * (1 << 60)
except MemoryError as e: print(repr(e))
[0] * (1 << 62)
