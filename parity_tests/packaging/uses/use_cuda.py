"""Device kernels: everything that CI of a team without a device does."""

from trips import is_absent, trips

from featurelib_online import cuda

is_absent("polars", "pyarrow", "pandas", "torch", "pytest")
cuda.check(trips)
print("checks that a device can compute the set")
