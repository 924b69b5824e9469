# attack: fills /dev/shm
# expect: ok
# stdout: ^28$
# after: worker and neighbours unharmed, container gone
with open('/dev/shm/x', 'wb') as file:
    try:
        for _ in range(1024):
            file.write(b'x' * (1 << 20))
            file.flush()
    except OSError as error:
        print(error.errno)
