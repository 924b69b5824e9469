import asyncio
async def work(n):
    await asyncio.sleep(0.001 * n)
    if n == 3: raise ValueError(n)
    return n * n
async def main():
    print(await asyncio.gather(*(work(n) for n in range(5)), return_exceptions=True))
    async with asyncio.timeout(0.01):
        await asyncio.sleep(10)
asyncio.run(main())
