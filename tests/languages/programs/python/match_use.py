def f(x):
    match x:
        case {"k": [a, *rest], **other}: return a, rest, other
        case str() | bytes(): return "text"
        case (int(n), _) if n > 1: return n
        case _: return None
print(f({"k": [1, 2, 3], "z": 0}), f("s"), f((5, 0)), f((0, 0)))
