import multiprocessing as mp, sys
class Thing:
    def __init__(self, v): self.v = v
def work(q, thing): q.put((thing.v, type(thing).__module__, __name__, sys.argv))
if __name__ == "__main__":
    ctx = mp.get_context("spawn")
    q = ctx.SimpleQueue(); p = ctx.Process(target=work, args=(q, Thing(7)))
    p.start(); print(q.get()); p.join(); print(p.exitcode)
