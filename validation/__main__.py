"""`python -m tacit.validation`: every control with known truth, to runs/validate; exit code 1 if one fails."""

import sys

import click

from tacit.validation.run import SIMULATIONS, validate


@click.command()
@click.option("--out", default="runs/validate", show_default=True, help="Folder for validate.json and the tables.")
@click.option("--simulations", default=SIMULATIONS, show_default=True, help="Per statistical control.")
@click.option("--organism", default="runs/default", show_default=True, help="Finished run of the embedded model (P3).")
@click.option("--only", default="", help="Controls whose name begins so, e.g. N1.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def main(**options) -> None:
    """Run all controls with known truth and write what was expected and what came."""
    rows = validate(say=click.echo, **options)
    sys.exit(not all(row["passed"] for row in rows))


if __name__ == "__main__":
    main()
