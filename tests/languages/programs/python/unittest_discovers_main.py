import unittest, io
class Case(unittest.TestCase):
    def test_a(self): self.assertIn(1, [1])
s = unittest.defaultTestLoader.loadTestsFromName("__main__")
r = unittest.TextTestRunner(stream=io.StringIO()).run(s); print(r)
