"""A peer: the join of clean_detections by whole columns with pandas, without a ledger.

python pandas_clean.py DETECTIONS PROPERTIES OUTPATH
"""

import sys
from pathlib import Path

import pandas as pd


def main(detections: Path, properties: Path, outpath: Path) -> None:
    """Write a row per image with a 0/1 column for each label."""
    rows = pd.read_csv(detections, dtype=str, keep_default_na=False)
    images = pd.read_csv(properties, dtype=str, keep_default_na=False)
    folders = rows["FilePath"].str.replace("\\", "/", regex=False).str.strip("/")
    rows["filepath"] = folders.str.split("/", n=2).str[2] + "/" + rows["FileName"]
    rows["day"] = pd.to_datetime(rows["ImageDate"], format="%d-%b-%y").dt.strftime("%Y-%m-%d")
    joined = rows.merge(images, on="filepath")
    flags = pd.crosstab(joined["filepath"], joined["ShortName"]).clip(upper=1)
    first = joined.drop_duplicates("filepath").set_index("filepath").sort_index()
    table = pd.DataFrame(
        {
            "date": first["day"],
            "filepath": first.index,
            "time": first["time"].where(first["date"] == first["day"], ""),
            "night": first["night"],
            "mean_brightness": first["mean_brightness"],
        }
    )
    table.join(flags.add_prefix("contains_")).to_csv(outpath, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
