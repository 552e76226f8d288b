"""Run every suite; write the counts and their page; print the README's table."""

import json
import os

if __name__ == "__main__":
    os.environ["JAX_ENABLE_X64"] = "1"  # as in every test
    os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
    from tests.conformance import counts

    found = counts.measured()
    text = json.dumps(found, indent=1, ensure_ascii=False)
    counts.FILE.write_text(text + "\n", "utf-8")
    counts.PAGE.write_text(counts.page(found), "utf-8")
    print(counts.table(found))
