while IFS= read -r line; do
    reversed=
    for ((i = ${#line} - 1; i >= 0; i--)); do
        reversed+=${line:i:1}
    done
    echo "$reversed ${#line}"
done
