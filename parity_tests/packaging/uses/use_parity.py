"""The parity check of a team's own set, by the command and by the pytest plugin."""

from trips import command, is_absent

is_absent("torch", "cryptography")
done = command("parity", "trips:trips", "--rows", "200")
assert done.returncode == 0, done
assert "same bits" in done.stdout, done
print(done.stdout.strip().splitlines()[-1])
