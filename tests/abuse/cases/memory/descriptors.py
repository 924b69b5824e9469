# attack: opens descriptors of every kind until there are no more
# expect: ok
# stdout: ^24\n24\n24\n24\n24\n24\n24$
# after: worker and neighbours unharmed, container gone
import os, select, socket
kinds = [lambda: os.open('/dev/null', os.O_RDONLY), lambda: os.eventfd(0), lambda: os.memfd_create('x'),
         lambda: select.epoll().__class__(), lambda: socket.socketpair(), lambda: os.pipe(), lambda: os.dup(0)]
for make in kinds:
    kept = []
    try:
        while len(kept) < 5000:
            kept.append(make())
    except OSError as error:
        print(error.errno)
    for one in kept:
        for thing in one if isinstance(one, tuple) else (one,):
            thing.close() if hasattr(thing, 'close') else os.close(thing)
