# attack: exits with a text
# expect: runtime_error
# exit: 1
# stderr: ^text$
# after: worker and neighbours unharmed, container gone
import sys
sys.exit('text')
