// attack: includes itself twice, and so on
// expect: compile_error | time_limit | output_limit | memory_limit
// after: worker and neighbours unharmed, container gone
#include __FILE__
#include __FILE__
int main(void) { return 0; }
