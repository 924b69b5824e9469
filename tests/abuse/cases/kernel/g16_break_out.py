# attack: looks for what a break-out tool would use
# expect: ok
# stdout: ^\[\]$
# after: worker and neighbours unharmed, container gone
import glob, os, re, stat
found = []
status = open('/proc/self/status').read()
if re.search(r'Cap(Eff|Prm|Bnd|Inh|Amb):\t0*[1-9a-f]', status):
    found.append('capabilities')
if 'Seccomp:\t2' not in status or 'NoNewPrivs:\t1' not in status:
    found.append('no filter')
mounts = [line.split() for line in open('/proc/self/mountinfo')]
own = {'/work', '/tmp', '/dev/shm', '/dev/mqueue', '/dev', '/dev/pts', '/proc'}
found += [row[4] for row in mounts if 'rw' in row[5].split(',') and row[4] not in own and not row[4].startswith(('/proc/', '/sys/', '/dev/'))]
found += [row[4] for row in mounts if row[row.index('-') + 1] in ('securityfs', 'debugfs', 'tracefs', 'bpf', 'fuse', 'fusectl', 'binfmt_misc', 'configfs', '9p', 'virtiofs', 'nfs', 'hugetlbfs')]
for folder, _, files in os.walk('/dev'):
    for name in files:
        kind = os.lstat(folder + '/' + name)
        if stat.S_ISBLK(kind.st_mode) or stat.S_ISCHR(kind.st_mode) and name not in ('null', 'zero', 'full', 'random', 'urandom', 'tty', 'console', 'ptmx'):
            found.append(folder + '/' + name)
found += [path for path in ('/.dockerenv.secret', '/run/secrets', '/var/run/secrets/kubernetes.io', '/etc/kubernetes', '/root/.ssh', '/var/lib/docker', '/var/lib/kubelet', '/host', '/hostfs', '/mnt/host', '/rootfs') if os.path.exists(path)]
found += [path for pattern in ('/run/*.sock', '/run/*/*.sock', '/var/run/*.sock', '/tmp/*.sock') for path in glob.glob(pattern)]
found += [name for name in os.environ if re.search('KUBE|DOCKER|REDIS|TOKEN|SECRET|PASS|KEY|AWS|AZURE|GOOGLE', name)]
for path in ('/proc/1/root', '/proc/1/cwd', '/proc/1/exe', '/proc/1/ns/mnt', '/proc/1/ns/net'):
    try:
        found.append(path + ' ' + os.readlink(path))
    except OSError:
        pass
for path in ('/etc/shadow', '/etc/gshadow', '/proc/kcore', '/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/sys/kernel/debug', '/sys/fs/bpf', '/sys/firmware'):
    if os.access(path, os.W_OK) or os.path.isfile(path) and 'shadow' in path and os.access(path, os.R_OK):
        found.append(path)
found += [path for path in glob.glob('/sys/fs/cgroup/**', recursive=True) if os.access(path, os.W_OK)]
found += [name for name in os.listdir('/proc') if name.isdecimal() and int(name) != 1 and open(f'/proc/{name}/cmdline').read() != open('/proc/self/cmdline').read()]
interfaces = [line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]
up = [name for name in interfaces if name != 'lo' and open('/proc/net/route').read().count(name)]
print(found + up)
