// attack: recurses without end
// expect: runtime_error
// signal: SIGSEGV
// after: worker and neighbours unharmed, container gone
static int down(volatile int *above) {
    volatile int here = *above + 1;
    return down(&here) + here;
}
int main(void) {
    volatile int zero = 0;
    return down(&zero);
}
