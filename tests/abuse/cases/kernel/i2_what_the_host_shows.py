# attack: reads figures of the whole host that other jobs can change
# expect: ok
# stdout: ^loadavg stat meminfo uptime( vmstat)? version cpuinfo$
# after: worker and neighbours unharmed, container gone
import os
shown = [path for path in ('loadavg', 'stat', 'meminfo', 'uptime', 'vmstat', 'version', 'cpuinfo', 'interrupts', 'diskstats', 'schedstat', 'timer_list', 'sched_debug', 'cmdline', 'modules', 'kallsyms') if os.path.exists('/proc/' + path) and open('/proc/' + path).read(1)]
print(*shown)
