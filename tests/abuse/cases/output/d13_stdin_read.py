# attack: is given much and reads it all
# expect: ok
# stdin: 1000000
# stdout: ^1000000$
# after: worker and neighbours unharmed, container gone
import sys
print(len(sys.stdin.buffer.read()))
