// attack: has bidirectional overrides, escapes of the terminal and null directives in its source
// expect: ok
// stdout_repr: '\u202e\x1b[2J\u2066end\n'
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#
int main(void) {
    puts("‮\x1b[2J⁦end"); /*‮ } ⁦if (admin)⁩ ⁦ begin admins only */
}
