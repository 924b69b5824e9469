use strict;
use warnings;
use List::Util qw(sum);

chomp(my $count = <STDIN>);
print "$count ", sum(split " ", <STDIN>), "\n";
