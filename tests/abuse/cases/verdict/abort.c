// attack: aborts
// expect: runtime_error
// signal: SIGABRT
// after: worker and neighbours unharmed, container gone
#include <stdlib.h>
int main(void) { abort(); }
