import logging
logging.warning("to stderr %d", 1)
logging.basicConfig(level=logging.DEBUG, format="%(levelname)s:%(module)s:%(funcName)s:%(lineno)d:%(pathname)s:%(processName)s:%(message)s", force=True)
logging.debug("hi"); logging.getLogger("a.b").exception("no exception")
