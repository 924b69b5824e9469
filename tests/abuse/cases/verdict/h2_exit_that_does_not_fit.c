// attack: exits with a number whose last byte is zero
// expect: ok
// exit: 0
// after: worker and neighbours unharmed, container gone
int main(void) { return 256; }
