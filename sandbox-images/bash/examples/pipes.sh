sort -rn <<< $'3\n20\n100' | head -n 1
printf '%s\n' one two three | awk '{ print NR ": " $1 }' | tail -n 1
