// attack: includes every one of its sixty files from every other
// expect: compile_error | time_limit | output_limit | memory_limit
// after: worker and neighbours unharmed, container gone
#include "a.h"
int main(void) { return 0; }
//--- a.h
⟪40*#include "b.h"
⟫
//--- b.h
⟪40*#include "c.h"
⟫
//--- c.h
⟪40*#include "d.h"
⟫
//--- d.h
⟪40*#include "e.h"
⟫
//--- e.h
⟪40*#include "f.h"
⟫
//--- f.h
extern int f;
