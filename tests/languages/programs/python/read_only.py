open("/etc/new", "w")
