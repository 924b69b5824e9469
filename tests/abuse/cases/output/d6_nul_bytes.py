# attack: prints NUL and other control bytes
# expect: ok
# stdout_repr: 'a\x00b\x1b]52;c;aGk=\x07\r\nc'
# after: worker and neighbours unharmed, container gone
import sys
sys.stdout.write('a\0b\x1b]52;c;aGk=\x07\r\nc')
