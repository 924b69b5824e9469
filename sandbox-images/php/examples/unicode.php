<?php
while (($line = fgets(STDIN)) !== false) {
    $letters = mb_str_split(trim($line));
    echo implode(array_reverse($letters)), " ", count($letters), "\n";
}
