# attack: makes the cut fall inside a character
# expect: output_limit
# encoding: utf-8
# stdout: ^€{87381}$
# after: worker and neighbours unharmed, container gone
print('\u20ac' * 200000, end='')
