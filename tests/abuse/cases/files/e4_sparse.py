# attack: makes a sparse file of 1 PiB
# expect: ok
# stdout: ^27$
# after: worker and neighbours unharmed, container gone
try:
    open('/tmp/x', 'wb').truncate(1 << 50)
except OSError as error:
    print(error.errno)
