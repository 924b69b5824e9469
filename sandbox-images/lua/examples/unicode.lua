for line in io.lines() do
  local letters = {}
  for _, code in utf8.codes(line) do
    table.insert(letters, 1, utf8.char(code))
  end
  print(table.concat(letters), utf8.len(line))
end
