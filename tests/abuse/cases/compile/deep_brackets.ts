// attack: nests brackets thirty thousand deep
// expect: compile_error | ok | memory_limit | time_limit | runtime_error
// after: worker and neighbours unharmed, container gone
console.log(⟪30000*(⟫0⟪30000*)⟫);
