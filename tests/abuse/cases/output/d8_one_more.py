# attack: prints one byte more than is allowed
# expect: output_limit
# evidence: stdout
# truncated: true
# stdout: ^x{262144}$
# after: worker and neighbours unharmed, container gone
print('x' * 262144)
