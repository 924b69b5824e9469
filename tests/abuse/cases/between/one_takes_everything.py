# attack: takes all memory, all time, all processes or all output in one case
# expect: memory_limit
# tests: [{"expected": "x"}, {"args": ["memory"]}, {"expected": "x"}, {"args": ["time"], "limits": {"cpuSeconds": 0.5}}, {"expected": "x"}, {"args": ["processes"], "limits": {"cpuSeconds": 0.5}}, {"expected": "x"}, {"args": ["output"]}, {"expected": "x"}, {"args": ["death"]}, {"expected": "x"}]
# cases: accepted memory_limit accepted time_limit accepted time_limit accepted output_limit accepted runtime_error accepted
# limits: {"cpuSeconds": 4, "wallSeconds": 10}
# after: the cases between get what they print
import os, signal, sys
what = sys.argv[1] if len(sys.argv) > 1 else ''
if what == 'memory':
    x = b'x' * (1280 << 20)
while what == 'time':
    pass
while what == 'processes':
    try:
        os.fork()
    except OSError:
        pass
while what == 'output':
    os.write(1, b'x' * 4096)
if what == 'death':
    os.kill(os.getpid(), signal.SIGSEGV)
print('x')
