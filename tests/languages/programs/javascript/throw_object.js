throw { code: 5, nested: { deep: { deeper: { deepest: 1 } } } };
