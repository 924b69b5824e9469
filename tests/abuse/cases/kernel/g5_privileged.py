# attack: uses bpf, perf, userfaultfd, kexec, modules, ports, swap, reboot
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in args]
    answer = libc.syscall(ctypes.c_long(number), *words, *[ctypes.c_long(0)] * (6 - len(words)))
    return 'done' if answer >= 0 else errno.errorcode[ctypes.get_errno()]
def held(**calls):
    wrong = {name: answer for name, (*words,) in calls.items() if (answer := call(*words)) not in ('EPERM', 'ENOSYS')}
    print(wrong or 'held')
buffer = ctypes.create_string_buffer(256)
held(bpf=(321, 0, buffer, 128), perf=(298, buffer, 0, -1, -1), uffd=(323, 0), uffd_user=(323, 1), kexec=(246,), kexec_file=(320,), init_module=(175, buffer, 8, buffer), finit=(313, 0, buffer), delete=(176, buffer), iopl=(172, 3), ioperm=(173, 0, 1, 1), swapon=(167, buffer), swapoff=(168, buffer), reboot=(169, 0xfee1dead, 672274793, 0x1234567), sethostname=(170, buffer, 1), settime=(227, 0, buffer), syslog=(103, 3, buffer, 8), quotactl=(179,), acct=(163,), fanotify=(300,), ldt=(154, 1, buffer, 16), personality=(135, 0x0040000))
