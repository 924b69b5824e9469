# attack: prints 10 GB to stderr
# expect: output_limit
# evidence: stderr
# stdout: ^kept$
# after: worker and neighbours unharmed, container gone
import sys
print('kept', flush=True)
while True:
    sys.stderr.write('x' * 65536)
