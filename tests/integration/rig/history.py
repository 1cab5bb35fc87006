# SPDX-License-Identifier: Apache-2.0
"""A long history of requests, put into the database of a program that is
stopped: as many copies of a row that the program itself has written as are
wanted, which thousands of real requests would take too long to make."""

import os
import sqlite3


def prepare(state, rows):
    """The newest finished status row becomes that many; gives their indexes."""
    with sqlite3.connect(os.path.join(state, "scepagent.db")) as database:
        columns = [column[1] for column in database.execute("PRAGMA table_info(status)")]
        others = ", ".join('"%s"' % name for name in columns if name != "index")
        (last,) = database.execute('SELECT max("index") FROM status').fetchone()
        indexes = range(last + 1, last + rows)
        database.executemany(
            'INSERT INTO status ("index", %s) SELECT ?, %s FROM status WHERE "index" = %d'
            % (others, others, last),
            [(index,) for index in indexes],
        )
        database.execute("UPDATE agent SET status_last_index = ?", (indexes[-1],))
    database.close()
    return [last, *indexes]
