// attack: has the compiler compare files, and read a header that it takes for a precompiled one
// expect: ok | compile_error
// after: worker and neighbours unharmed, container gone
#pragma GCC dependency "/etc/shadow"
#pragma GCC dependency "/proc/1/mem"
#pragma GCC pch_preprocess "/dev/zero"
int main(void) { return 0; }
