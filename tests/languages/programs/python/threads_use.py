import threading, queue
from concurrent.futures import ThreadPoolExecutor
q = queue.Queue()
ts = [threading.Thread(target=lambda i=i: q.put(i), name=f"t{i}") for i in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]
print(sorted(q.get() for _ in ts))
with ThreadPoolExecutor(4) as pool: print(list(pool.map(pow, range(6), [2] * 6)))
