// attack: ends with another code after main has returned
// expect: runtime_error
// exit: 9
// after: worker and neighbours unharmed, container gone
#include <unistd.h>
__attribute__((destructor)) static void last(void) { _exit(9); }
int main(void) { return 0; }
