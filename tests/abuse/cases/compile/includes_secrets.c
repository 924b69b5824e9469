// attack: includes files of init and of the image, to read them in the messages
// expect: compile_error
// compile_stderr: ^(?!.*(SANDFLEET|root:[*!$])).*Permission denied
// after: worker and neighbours unharmed, container gone
#include "/proc/1/environ"
#include "/proc/1/mem"
#include "/etc/shadow"
#include "/proc/kcore"
int main(void) { return 0; }
