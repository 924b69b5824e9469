def outer(a, b=[1]):
    return inner(a) + b
def inner(a):
    return {"k": a}["missing"]
outer(1)
