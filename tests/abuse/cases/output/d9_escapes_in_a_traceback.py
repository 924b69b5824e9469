# attack: hides escape sequences in a traceback
# expect: runtime_error
# exit: 1
# stderr: \x1b]0;owned\x07
# after: worker and neighbours unharmed, container gone
class Shown(Exception):
    def __str__(self):
        return '\x1b]0;owned\x07\nTraceback (most recent call last):\n'
raise Shown
