# attack: raises
# expect: runtime_error
# exit: 1
# stderr: ValueError: oops
# after: worker and neighbours unharmed, container gone
raise ValueError('oops')
