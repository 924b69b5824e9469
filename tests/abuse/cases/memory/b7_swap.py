# attack: grows to its limit and looks whether some of it was swapped out
# expect: ok
# stdout: ^\['0'\]$
# after: worker and neighbours unharmed, container gone
x = bytearray(80 << 20)
for page in range(0, len(x), 4096):
    x[page] = 1
print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmSwap')])
