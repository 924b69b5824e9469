# Loaded at the end of the interpreter's own start, and only for the program of a stage: that was started with its stderr
# set aside as descriptor 9. Ruby 3.1 says before this that it cannot have a timer, which no sandbox gives; it does
# without. From here on stderr is the program's, and no trace of this is left.
ENV.delete("SANDFLEET_START")
ENV.delete("PWD") # the shell's
standard = IO.for_fd(2, "w", autoclose: false)
aside = IO.for_fd(9, "w")
standard.reopen(aside)
aside.close
