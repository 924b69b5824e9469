JSON.parse('{"a": tru}');
