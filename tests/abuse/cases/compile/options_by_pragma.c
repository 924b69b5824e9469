// attack: asks for plugins, libraries and linker options from inside the source
// expect: ok | compile_error
// stdout: ^(ran)?$
// after: worker and neighbours unharmed, container gone
#pragma comment(linker, "-T /etc/shadow")
#pragma GCC optimize("-fplugin=/work/plugin.so", "-wrapper,/work/wrapper")
#pragma GCC target("no-such-thing")
#include <stdio.h>
int main(void) { puts("ran"); }
