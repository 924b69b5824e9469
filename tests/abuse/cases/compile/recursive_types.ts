// attack: has the checker unfold types without end
// expect: compile_error | memory_limit | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
type Grow<T extends unknown[]> = Grow<[...T, ...T, unknown]>;
type Deep<T> = { value: Deep<[T, T]> };
declare const grown: Grow<[]>;
declare const deep: Deep<number>;
const other: Deep<string> = deep;
console.log(grown, other);
