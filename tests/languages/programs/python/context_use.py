import contextlib, contextvars
v = contextvars.ContextVar("v", default=0)
@contextlib.contextmanager
def cm():
    print("in"); v.set(1)
    try: yield 5
    finally: print("out", v.get())
with cm() as x, contextlib.suppress(KeyError): {}[x]
contextvars.copy_context().run(v.set, 9); print(v.get())
