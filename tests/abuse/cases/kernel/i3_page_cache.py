# attack: asks which pages of the image others have used
# expect: ok
# stdout: ^asked$
# after: worker and neighbours unharmed, container gone
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
file = os.open(os.__file__, os.O_RDONLY)
area = mmap.mmap(file, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE, flags=mmap.MAP_PRIVATE)
seen = (ctypes.c_ubyte * 1)()
libc.mincore(ctypes.addressof(ctypes.c_char.from_buffer(area)), ctypes.c_size_t(4096), seen)
print('asked')
