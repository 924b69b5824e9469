import decimal, fractions, math, cmath, statistics, random
print(decimal.Decimal(1) / 7, fractions.Fraction("0.125"), math.comb(50, 25), cmath.sqrt(-1), statistics.median([3, 1, 2]))
random.seed(7); print(random.random(), random.sample(range(100), 5), 0.1 + 0.2, 2**200, -7 // 2, round(2.5))
print(int("9" * 4300)); int("9" * 5000)
