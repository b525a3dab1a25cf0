"""Whether two published files say the same, row by row: ``python -m tests.support.same_views OLD NEW``.

Views are compared in the columns both have.
"""

from __future__ import annotations

import sys

import duckdb

SIDES = ("old", "new")
NOT_FIGURES = ("publication",)  # fingerprints of the code, and so of each version


def differences(old: str, new: str) -> list[str]:
    """A sentence for each view that one lacks, or whose rows are not the same."""
    found = []
    with duckdb.connect() as con:
        for name, path in (("old", old), ("new", new)):
            con.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
        sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'finance_v1'"
        views = [{row[0] for row in con.execute(sql, [name]).fetchall()} for name in SIDES]
        found += [f"{view} is in one of them only" for view in sorted(views[0] ^ views[1])]
        for view in sorted((views[0] & views[1]) - set(NOT_FIGURES)):
            shared = " INTERSECT ".join(
                f"SELECT name FROM pragma_table_info('{name}.finance_v1.{view}')" for name in SIDES
            )
            columns = ", ".join(f'"{row[0]}"' for row in con.execute(f"{shared} ORDER BY 1").fetchall())
            there, here = (f"SELECT {columns} FROM {name}.finance_v1.{view}" for name in SIDES)
            count = f"SELECT count(*) FROM (({there} EXCEPT ALL {here}) UNION ALL ({here} EXCEPT ALL {there}))"
            rows = con.execute(count).fetchone() or (0,)
            total = con.execute(f"SELECT count(*) FROM ({here})").fetchone() or (0,)
            sys.stdout.write(f"{view}: {total[0]} rows, {rows[0]} not the same\n")
            if rows[0]:
                found.append(f"{view} differs in {rows[0]} rows")
    return found


if __name__ == "__main__":
    sys.exit(1 if differences(*sys.argv[1:3]) else 0)
