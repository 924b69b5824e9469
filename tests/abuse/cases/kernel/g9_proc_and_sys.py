# attack: reads and writes the dangerous files of /proc and /sys
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import os
for path in ('/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe', '/proc/sys/vm/overcommit_memory', '/proc/sys/fs/binfmt_misc/register', '/proc/bus/pci/devices', '/proc/irq/0/smp_affinity', '/sys/kernel/uevent_helper', '/sys/power/state', '/sys/fs/cgroup/release_agent'):
    try:
        with open(path, 'w') as file:
            file.write('x')
        print('wrote', path)
    except OSError:
        pass
for path in ('/proc/kcore', '/proc/kmsg', '/proc/keys', '/proc/kallsyms', '/proc/timer_list', '/proc/slabinfo', '/proc/modules', '/proc/cmdline', '/proc/interrupts', '/dev/mem', '/dev/kmsg'):
    try:
        with open(path, 'rb') as file:
            if file.read(1):
                print('read', path)
    except OSError:
        pass
for path in ('/sys/firmware', '/sys/kernel', '/sys/module', '/sys/class', '/sys/block', '/sys/devices/virtual'):
    try:
        if os.listdir(path):
            print('listed', path)
    except OSError:
        pass
print('held')
