"""Device kernels: the features of a layout computed on a CUDA device, next to the model.

numba-cuda, cuda.core and torch are imported when a kernel is compiled or asked for, not here.
"""

from featurelib_online.cuda.kernel import DeviceKernel, check, compile
from featurelib_online.cuda.tensors import DeviceBatch, DeviceTensor

__all__ = ["DeviceBatch", "DeviceKernel", "DeviceTensor", "check", "compile"]
