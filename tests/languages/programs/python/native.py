import ctypes, ctypes.util, struct, array, mmap
libc = ctypes.CDLL(None); print(libc.abs(-5), struct.pack(">IH", 1, 2), array.array("i", [1, 2]), ctypes.sizeof(ctypes.c_long))
m = mmap.mmap(-1, 4096); m[:3] = b"abc"; print(m[:4])
