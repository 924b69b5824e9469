# attack: makes a system call through the 32-bit gate
# expect: runtime_error
# stdout: ^ready$
# machine: x86_64
# after: worker and neighbours unharmed, container gone
import ctypes, mmap
code = bytes.fromhex('b814000000cd80c3')  # mov eax, 20 (getpid); int 0x80; ret
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
print('ready', flush=True)
print('answered', call(), flush=True)
