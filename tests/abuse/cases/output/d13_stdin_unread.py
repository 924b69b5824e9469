# attack: is given much and reads nothing
# expect: ok
# stdin: 1000000
# stdout: ^done$
# after: worker and neighbours unharmed, container gone
print('done')
