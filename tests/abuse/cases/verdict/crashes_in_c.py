# attack: crashes in C, with the fault handler on
# expect: runtime_error
# signal: SIGSEGV
# stderr: Fatal Python error
# after: worker and neighbours unharmed, container gone
import ctypes, faulthandler
faulthandler.enable()
ctypes.string_at(0)
