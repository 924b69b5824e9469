# attack: gives a sparse file of 1 GiB and one that a process goes on writing for its output files
# expect: ok
# outputFiles: ["sparse", "grows"]
# fetched: cut cut
# after: a bounded part of each is read
import os
with open('sparse', 'wb') as file:
    file.truncate(1 << 30)
with open('grows', 'wb', buffering=0) as file:
    file.write(b'x' * 100)
    if os.fork() == 0:
        os.setsid()
        while True:
            file.write(b'x' * 100_000)
