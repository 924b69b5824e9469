# attack: fails in its second case, and would run for long in the rest
# expect: runtime_error
# tests: [{"args": ["0"]}, {"args": ["1"]}, {"args": ["2"]}, {"args": ["3"]}]
# stopOnFailure: true
# cases: ok runtime_error
# after: the rest is skipped
import sys
if sys.argv[1] == '1':
    raise SystemExit(7)
while sys.argv[1] > '1':
    pass
