def numbers():
    try:
        got = yield 1
        print("got", got)
        yield from range(3)
    finally:
        print("closed")
g = numbers()
print(next(g), g.send("hi"), list(g))
g = numbers(); next(g); g.close()
print(*(a * b for a in range(3) for b in range(3) if a != b))
