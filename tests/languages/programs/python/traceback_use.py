import traceback, sys
try: {}[1]
except KeyError: traceback.print_exc()
print(traceback.format_stack())
traceback.print_stack(file=sys.stdout)
