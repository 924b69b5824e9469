# attack: prints markup, bidi overrides and a hundred thousand combining marks
# expect: ok
# stdout: ^<script>alert\(1\)</script>‮⁦á{100000}$
# encoding: utf-8
# after: worker and neighbours unharmed, container gone
import sys
sys.stdout.write('<script>alert(1)</script>\u202e\u2066' + 'a' + '\u0301' * 100000)
