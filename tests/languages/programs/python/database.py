import sqlite3
c = sqlite3.connect(":memory:")
c.execute("create table t(a integer primary key, b text)"); c.executemany("insert into t(b) values (?)", [("x",), ("y",)])
print(c.execute("select * from t order by a desc").fetchall(), sqlite3.sqlite_version_info > (3, 30))
c.execute("insert into nowhere values (1)")
