# attack: prints escape sequences: clear, title, clipboard, link, overwrite
# expect: ok
# stdout_repr: '\x1b[2J\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ok\rOK\x9b31m\x08'
# after: worker and neighbours unharmed, container gone
import sys
sys.stdout.write('\x1b[2J\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ok\rOK\x9b31m\x08')
