// attack: brings a compiler, its settings, headers and libraries of its own
// expect: ok
// stdout: ^honest$
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
int main(void) { puts("honest"); }
//--- specs
*cc1: -fplugin=/work/evil.so
//--- cc1
#!/bin/sh
echo int main;
//--- as
#!/bin/sh
exit 1
//--- ld
#!/bin/sh
exit 1
//--- stdio.h
#error "taken from the work directory"
//--- include/stdio.h
#error "taken from the work directory"
//--- main
#!/bin/sh
echo cheated
//--- main.o
not an object
//--- a.out
#!/bin/sh
echo cheated
//--- libc.so.6
not a library
//--- ld.so.preload
/work/libc.so.6
