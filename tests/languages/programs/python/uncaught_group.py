raise ExceptionGroup("many", [ValueError(1), ExceptionGroup("inner", [TypeError("two")])])
