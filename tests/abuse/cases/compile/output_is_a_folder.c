// attack: brings a folder where the program should be written
// expect: compile_error | ok
// after: worker and neighbours unharmed, container gone
int main(void) { return 0; }
//--- main/file
x
