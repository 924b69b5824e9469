import io, unittest
class T(unittest.TestCase):
    def test_good(self): self.assertEqual(1, 1)
    def test_bad(self): self.assertEqual(1, 2)
    @unittest.skip("why not")
    def test_skipped(self): pass
unittest.main(testRunner=unittest.TextTestRunner(stream=io.StringIO()), argv=["main.py"])
