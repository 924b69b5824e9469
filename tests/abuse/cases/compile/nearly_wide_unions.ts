// attack: compares unions of strings that are just small enough to be made
// expect: runtime_error | compile_error | memory_limit | time_limit
// after: worker and neighbours unharmed, container gone
type D = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
type A = `a${D}${D}${D}${D}`;
type B = `${A}` | `b${D}${D}${D}${D}` | `c${D}${D}${D}${D}`;
declare function take<T extends B>(words: { [K in T]: { [L in B]: K } }): void;
take<B>({} as any);
