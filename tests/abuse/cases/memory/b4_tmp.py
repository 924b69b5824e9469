# attack: fills /tmp and /work
# expect: ok
# stdout: ^28\n28$
# after: worker and neighbours unharmed, container gone
for folder in ('/tmp', '/work'):
    with open(folder + '/x', 'wb', buffering=0) as file:
        try:
            while True:
                file.write(b'x' * (1 << 20))
        except OSError as error:
            print(error.errno)
