# attack: prints 10 GB
# expect: output_limit
# evidence: stdout
# stdout: ^x{262144}$
# after: worker and neighbours unharmed, container gone
import sys
while True:
    sys.stdout.write('x' * 65536)
