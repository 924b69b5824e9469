# attack: prints exactly as much as is allowed
# expect: ok
# stdout: ^x{262143}$
# truncated: false
# after: worker and neighbours unharmed, container gone
print('x' * 262143)
