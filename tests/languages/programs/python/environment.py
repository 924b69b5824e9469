import os, sys
print(dict(os.environ))
print({k.decode(): v.decode() for k, v in os.environb.items()})
print(os.getcwd(), os.path.expanduser("~"), os.environ.get("SANDFLEET_WARM"))
