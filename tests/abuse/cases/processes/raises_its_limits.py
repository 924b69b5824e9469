# attack: raises its own limits
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import resource
for name in ('NOFILE', 'FSIZE', 'CORE', 'MSGQUEUE', 'RTPRIO', 'NICE'):
    number = getattr(resource, 'RLIMIT_' + name)
    hard = resource.getrlimit(number)[1]
    if hard == resource.RLIM_INFINITY:
        print('unlimited', name)
    try:
        resource.setrlimit(number, (hard, hard + 1))
        print('raised', name)
    except (OSError, ValueError):
        pass
print('held')
