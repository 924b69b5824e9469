# attack: prints nothing
# expect: ok
# stdout: ^$
# after: worker and neighbours unharmed, container gone
pass
