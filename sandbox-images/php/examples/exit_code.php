<?php
echo "leaving\n";
exit(42);
