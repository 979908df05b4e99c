# The CUDA device, with -DCONVOY_CUDA=ON: the language, its targets, and options of .cu files.
#
# Machine code for compute capability 8.0, 9.0 and 10.0, and PTX of 8.0 for all others, which the driver translates. The
# PTX is not compressed and the CUDA runtime is linked as a shared library, so that the very same program also runs on
# the virtual GPU of tests/virtual_gpu.
set(CONVOY_CUDA_ARCHITECTURES "80-real;90-real;100-real;80-virtual" CACHE STRING "As CMAKE_CUDA_ARCHITECTURES")
set(CMAKE_CUDA_ARCHITECTURES ${CONVOY_CUDA_ARCHITECTURES})
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX} AND EXISTS /usr/local/cuda/bin/nvcc)
  set(CMAKE_CUDA_COMPILER /usr/local/cuda/bin/nvcc)
endif()
# CMake before 3.26 does not know that nvcc takes C++20.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
enable_language(CUDA)
find_package(CUDAToolkit 12.8 REQUIRED)

# convoy_cuda_options(TARGET): of a library with .cu files. A kernel that spills registers does not compile.
function(convoy_cuda_options target)
  set_target_properties(${target} PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CUDA>:--no-compress -lineinfo --expt-relaxed-constexpr --extended-lambda
      --Werror all-warnings -Xptxas -warn-spills,-warn-lmem-usage -Xcompiler -Wall,-Wextra,-Wno-missing-field-initializers>)
endfunction()
