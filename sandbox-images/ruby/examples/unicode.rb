STDIN.each_line(chomp: true) { |line| puts "#{line.reverse} #{line.length}" }
