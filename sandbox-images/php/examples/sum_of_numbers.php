<?php
fscanf(STDIN, "%d", $count);
echo $count, " ", array_sum(explode(" ", fgets(STDIN))), "\n";
