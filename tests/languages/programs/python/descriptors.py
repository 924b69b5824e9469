import os
print(sorted(int(n) for n in os.listdir("/proc/self/fd")))
print(os.open("/dev/null", os.O_RDONLY), os.pipe(), os.dup(0))
print([os.isatty(n) for n in (0, 1, 2)], [os.get_inheritable(n) for n in (0, 1, 2)], [os.get_blocking(n) for n in (0, 1, 2)])
