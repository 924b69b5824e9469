count = gets.to_i
puts "#{count} #{gets.split.sum(&:to_i)}"
