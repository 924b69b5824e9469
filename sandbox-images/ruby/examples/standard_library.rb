require "json"
require "set"

squares = 4.times.map { |number| Thread.new { number * number }.value }
puts JSON.generate(squares: squares, unique: Set.new(squares).size)
puts $PROGRAM_NAME, __FILE__, ENV.keys.sort.join(" "), $LOADED_FEATURES.grep(/sandfleet/).inspect, STDERR.inspect
puts Dir.children("/proc/self/fd").map(&:to_i).include?(9)
