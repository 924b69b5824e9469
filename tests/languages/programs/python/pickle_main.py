import pickle, pickletools
class Point:
    def __init__(self, x): self.x = x
    def __eq__(self, o): return self.x == o.x
data = pickle.dumps(Point(3), 2)
print(data, pickle.loads(data) == Point(3))
pickle.dumps(lambda: 0)
