print(__name__)
import main
print(main.__name__, main.__file__, main.__spec__.name)
