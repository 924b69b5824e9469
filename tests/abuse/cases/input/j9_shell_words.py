# attack: has words in it that a shell or a format would take
# expect: ok
# stdout_repr: '$(id) `id` ${HOME} ; rm -rf / & | > < \' " \\ %s %n {} {0} {{}} !! ~ * ? # \\x00 \\n\n'
# after: worker and neighbours unharmed, container gone
print(r"""$(id) `id` ${HOME} ; rm -rf / & | > < ' " \ %s %n {} {0} {{}} !! ~ * ? # \x00 \n""")
