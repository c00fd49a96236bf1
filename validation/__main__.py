"""Run the controls with known truth and write their outcomes to runs/validate; exit code 1 if one fails.

python -m tacit.validation                        all controls
python -m tacit.validation --only P6              those whose name begins with "P6"
python -m tacit.validation --only "N1 coverage"   coverage of the intervals, on simulated scores
"""

import sys

import click

from tacit.validation.run import SIMULATIONS, validate


@click.command()
@click.option("--out", default="runs/validate", show_default=True, help="Folder for validate.json and the tables.")
@click.option("--simulations", default=SIMULATIONS, show_default=True, help="Simulations of each statistical control.")
@click.option("--organism", default="runs/default", show_default=True, help="Finished run of the embedded model (P3).")
@click.option("--only", default="", help="Run only the controls whose name begins with this, e.g. N1.")
@click.option("--jobs", default=2, show_default=True, help="Parallel processes.")
def main(**options) -> None:
    """Run the controls with known truth; write the expected and the observed outcome of each."""
    rows = validate(say=click.echo, **options)
    sys.exit(not all(row["passed"] for row in rows))


if __name__ == "__main__":
    main()
