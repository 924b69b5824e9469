import collections, heapq, bisect, itertools, functools, operator
print(collections.Counter("mississippi").most_common(2), collections.deque([1, 2], 3), collections.OrderedDict(a=1))
print(heapq.nsmallest(2, [3, 1, 2]), bisect.bisect([1, 3, 5], 3), list(itertools.permutations("abc", 2))[:3])
print(functools.reduce(operator.mul, range(1, 10)), functools.lru_cache(lambda x: x)(3), collections.namedtuple("N", "a b")(1, 2))
