use strict;
use warnings;
use open qw(:std :encoding(UTF-8));

while (my $line = <STDIN>) {
    chomp $line;
    print scalar reverse($line), " ", length $line, "\n";
}
