import hashlib, hmac, ssl, secrets, zlib, bz2, lzma, base64, uuid
print(hashlib.sha256(b"x").hexdigest(), hashlib.md5(b"").hexdigest(), hashlib.blake2b(b"a", digest_size=4).hexdigest(), hmac.new(b"k", b"m", "sha1").hexdigest())
print(zlib.crc32(b"x"), bz2.decompress(bz2.compress(b"q")), lzma.decompress(lzma.compress(b"l")), base64.b85encode(b"hi"), uuid.uuid5(uuid.NAMESPACE_DNS, "a"))
print(ssl.OPENSSL_VERSION_INFO[0] >= 3, ssl.create_default_context().check_hostname, len(secrets.token_bytes(8)))
