# attack: reads stdin for ever though there is none
# expect: ok
# stdout: ^''$
# after: worker and neighbours unharmed, container gone
import sys
print(repr(sys.stdin.read()))
