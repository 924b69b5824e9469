class Shape:
    registry = []
    def __init_subclass__(cls, **kw): super().__init_subclass__(**kw); Shape.registry.append(cls.__qualname__)
    def area(self): raise NotImplementedError
class Square(Shape):
    __slots__ = ("side",)
    def __init__(self, side): self.side = side
    def area(self): return self.side ** 2
    def __repr__(self): return f"{type(self).__module__}.{type(self).__name__}({self.side})"
class Meta(type):
    def __call__(cls, *a): print("making", cls.__name__); return super().__call__(*a)
class Made(metaclass=Meta): pass
print(Square(3), Square(3).area(), Shape.registry, Made.__module__, type(Made()))
Shape().area()
