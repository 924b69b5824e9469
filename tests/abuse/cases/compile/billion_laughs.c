// attack: has macros expand to 10^10 words
// expect: memory_limit | time_limit | compile_error
// how: ^compile
// after: worker and neighbours unharmed, container gone
#define A 1,1,1,1,1,1,1,1,1,1
#define B A,A,A,A,A,A,A,A,A,A
#define C B,B,B,B,B,B,B,B,B,B
#define D C,C,C,C,C,C,C,C,C,C
#define E D,D,D,D,D,D,D,D,D,D
#define F E,E,E,E,E,E,E,E,E,E
#define G F,F,F,F,F,F,F,F,F,F
#define H G,G,G,G,G,G,G,G,G,G
#define I H,H,H,H,H,H,H,H,H,H
#define J I,I,I,I,I,I,I,I,I,I
char laughs[] = {J};
int main(void) { return laughs[0]; }
