from dataclasses import dataclass, field, asdict, replace
@dataclass(order=True, frozen=True, slots=True, kw_only=True)
class P:
    x: int
    y: float = 2.5
    tags: list[str] = field(default_factory=list, compare=False)
print(P(x=1), replace(P(x=1), y=3), asdict(P(x=2)), P(x=1) < P(x=2), P.__match_args__)
P(x=1).x = 5
