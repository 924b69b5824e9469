// attack: takes files of init and of the host into its program
// expect: compile_error
// after: worker and neighbours unharmed, container gone
__asm__(".incbin \"/proc/1/environ\"\n.incbin \"/etc/shadow\"\n.incbin \"/proc/kcore\"\n.incbin \"/dev/mem\"");
int main(void) { return 0; }
