# attack: changes its user, its group and its groups
# expect: ok
# stdout: ^\(65534, 65534, 65534\) \(65534, 65534, 65534\) \[(65534)?\]$
# after: worker and neighbours unharmed, container gone
import os
for act, words in ((os.setuid, [0]), (os.setgid, [0]), (os.setresuid, [0, 0, 0]), (os.setreuid, [0, 0]), (os.setgroups, [[0]]), (os.setresuid, [1000, 1000, 1000]), (os.chroot, ['/tmp'])):
    try:
        act(*words)
        print('done', act)
    except OSError:
        pass
print(os.getresuid(), os.getresgid(), os.getgroups())
