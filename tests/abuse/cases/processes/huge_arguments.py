# attack: starts programs with arguments and an environment of many MB
# expect: ok
# stdout: ^7\n7\n7$
# after: worker and neighbours unharmed, container gone
import subprocess, sys
for arguments, environment in ((['x' * (1 << 20)], {}), (['x' * 100_000] * 300, {}), ([], {f'X{n}': 'x' * 100_000 for n in range(300)})):
    try:
        subprocess.run([sys.executable, '-c', '0', *arguments], env=environment)
        print('ran')
    except OSError as error:
        print(error.errno)
