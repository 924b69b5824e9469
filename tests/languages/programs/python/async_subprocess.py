import asyncio, sys
async def main():
    p = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(input()[::-1])", stdin=-1, stdout=-1)
    print(await p.communicate(b"olleh\n"), p.returncode)
asyncio.run(main())
