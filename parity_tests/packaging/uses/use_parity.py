"""The parity check of a team's own set, by the command and by pytest without a test file."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from trips import ROWS, command, is_absent, trips

is_absent("torch", "cryptography")
done = command("parity", "trips:trips", "--rows", "200")
assert done.returncode == 0, done
assert "same bits" in done.stdout, done
print(done.stdout.strip().splitlines()[-1])

# A repository of the team's: its set, a release of it, the lock.
here = Path("repository")
folder = here / "golden_data" / "features" / "trips" / "1.0.0"
folder.mkdir(parents=True)
shutil.copy(Path(__file__).with_name("trips.py"), here)
(here / "pyproject.toml").write_text('[tool.featurelib]\nsets = ["trips:trips"]\n')
(here / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
trips.bind().save(folder / "trips-1.0.0.json")
for arguments in (["golden", "record", "trips:trips", "rows.jsonl"], ["lock"]):
    subprocess.run(["featurelib", *arguments], cwd=here, check=True, stdout=subprocess.DEVNULL)
asked = [sys.executable, "-m", "pytest", "-q", "--featurelib", "--featurelib-rows", "200"]
tested = subprocess.run(asked, cwd=here, capture_output=True, text=True, check=False)
assert tested.returncode == 0, tested
assert "5 passed" in tested.stdout, tested
print("pytest --featurelib:", tested.stdout.strip().splitlines()[-1])
