use strict;
use warnings;
use JSON::PP;
use POSIX qw(floor);
use Time::Local qw(timegm);

print JSON::PP->new->canonical->encode({ floor => floor(2.5), epoch => timegm(0, 0, 0, 1, 0, 100) }), "\n";
