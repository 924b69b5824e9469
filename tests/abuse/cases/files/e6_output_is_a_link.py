# attack: gives links for its output files, and links to folders on the way to them
# expect: ok
# outputFiles: ["link", "folder/passwd", "loop", "self/environ", "hard"]
# fetched: irregular irregular irregular irregular whole
# after: links are not followed
import os
os.symlink('/etc/passwd', 'link')
os.symlink('/etc', 'folder')
os.symlink('loop', 'loop')
os.symlink('/proc/self', 'self')
with open('plain', 'w') as file:
    file.write('plain')
os.link('plain', 'hard')
