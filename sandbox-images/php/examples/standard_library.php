<?php
declare(strict_types=1);

enum Suit: string
{
    case Hearts = "H";
}

echo json_encode(["suit" => Suit::from("H"), "sum" => array_sum(array_map(fn (int $n): int => $n ** 2, range(1, 4)))]), "\n";
echo preg_replace("/(\\w+) (\\w+)/", "$2 $1", "one two"), " ", hash("sha256", "") === hash("sha256", ""), "\n";
