# attack: makes a million empty files
# expect: ok
# stdout: ^28 True$
# after: worker and neighbours unharmed, container gone
made = 0
try:
    while made < 1000000:
        open(f'/tmp/{made}', 'w').close()
        made += 1
except OSError as error:
    print(error.errno, made < 4096)
