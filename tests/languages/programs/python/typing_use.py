from __future__ import annotations
import typing, enum, abc
class Colour(enum.StrEnum): RED = enum.auto()
class T(typing.TypedDict): a: int
class A(abc.ABC):
    @abc.abstractmethod
    def f(self): ...
def g(x: list[int] | None) -> T: ...
print(Colour.RED, g.__annotations__, typing.get_type_hints(g), __annotations__ if "__annotations__" in globals() else None)
A()
