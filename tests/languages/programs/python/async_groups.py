import asyncio
async def bad(n): raise KeyError(n)
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(bad(1), name="one")
        group.create_task(bad(2), name="two")
asyncio.run(main())
