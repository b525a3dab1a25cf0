"""Write the demo workspace: a year of records of an invented company.

Larkfell Outfitters, a retailer of outdoor gear, fine-tunes two models. `support-bot` answers customers: its
data from October 2025, failed experiments, live in January 2026, then a retraining in June, and in the last days of
September a new line of products that it was never taught. `invoice-reader` reads suppliers' invoices: begun in January
2026, live in April, its next run undecided, and over its plan.

The records are plain exports as teams get them: a cloud bill, a cluster's job log, agency invoices, a hosted model's
bill, payroll and timesheets, eval results, request logs. Nothing here is real, and the same seed gives the same files.

    python examples/make_demo.py [DIR] [--without-drift]
"""

import argparse
from pathlib import Path

from truecost.examples.demo_maker.workspace import write_demo


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the demo workspace.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "demo", metavar="DIR")
    parser.add_argument("--without-drift", action="store_true", help="leave the planted drift of September out")
    options = parser.parse_args()
    written: list[Path] = write_demo(options.folder, with_drift=not options.without_drift)
    print(f"{len(written)} files, {sum(path.stat().st_size for path in written) // 1024} KB in {options.folder}")


if __name__ == "__main__":
    main()
