import heapq
n, m = map(int, input().split())
g = {i: [] for i in range(n)}
for _ in range(m):
    a, b, w = map(int, input().split()); g[a].append((b, w)); g[b].append((a, w))
d = {0: 0}; h = [(0, 0)]
while h:
    c, u = heapq.heappop(h)
    for v, w in g[u]:
        if c + w < d.get(v, 1 << 60): d[v] = c + w; heapq.heappush(h, (c + w, v))
print(d)
