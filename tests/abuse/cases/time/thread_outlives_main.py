# attack: lets its first thread end while another one sleeps on
# expect: time_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# evidence: wall
# stdout: ^first thread ends$
# machine: x86_64
# after: worker and neighbours unharmed, container gone
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(1e6,)).start()
print('first thread ends', flush=True)
ctypes.CDLL(None).syscall(60, 0)  # exit of this thread alone; the process has another
