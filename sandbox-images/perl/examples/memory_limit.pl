my $text = "x";
$text .= $text while 1;
