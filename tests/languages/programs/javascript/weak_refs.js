const w = new WeakRef({}); console.log(typeof w.deref(), new FinalizationRegistry(() => {}), new WeakMap([[{}, 1]]));
