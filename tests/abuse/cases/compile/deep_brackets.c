// attack: nests brackets thirty thousand deep
// expect: compile_error | ok | memory_limit | time_limit
// after: worker and neighbours unharmed, container gone
int main(void) { return ⟪30000*(⟫0⟪30000*)⟫; }
