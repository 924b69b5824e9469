import asyncio
import decimal
import json
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from zoneinfo import ZoneInfo


def square(number):
    return number * number


async def later(value):
    await asyncio.sleep(0.001)
    return value


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        print(list(pool.map(square, range(5))))
    print(asyncio.run(later("awaited")))
    print(sqlite3.connect(":memory:").execute("select 1 + 1").fetchone())
    print(decimal.Decimal("0.1") + decimal.Decimal("0.2"), json.dumps({"zone": ZoneInfo("Europe/Paris").key}))
