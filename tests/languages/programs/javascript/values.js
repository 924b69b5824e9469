console.log(0.1 + 0.2, -0, NaN, 1n << 100n, [1, , 3], { a: undefined }, Symbol("s"), new Map([[{}, new Set([1])]]), null, /re/g, () => {}, class X {});
console.log([3, 1, 2].toString(), typeof null, [] + {}, parseInt("08"), 0.1.toFixed(20), (25).toString(2), "🎉".length, [..."🎉"].length);
