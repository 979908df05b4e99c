// blas_core.h - what the cuBLAS and cuBLASLt stand-ins share: typed matrices and a plain product in f32 or f64.
#pragma once
#include <cuda_runtime_api.h>
#include <library_types.h>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

// exported by our libcudart
extern "C" void vgpu_enqueue(cudaStream_t s, const std::function<int()>* work);
extern "C" void* vgpu_host_pointer(const void* dev, size_t bytes,
                                   const char* what);  // null (after a message) if not valid

namespace blas {
inline float bf(uint16_t b) {
  uint32_t u = (uint32_t)b << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}
inline size_t typeSize(cudaDataType_t t) {
  return t == CUDA_R_64F ? 8 : t == CUDA_R_32F ? 4 : t == CUDA_R_16F || t == CUDA_R_16BF ? 2 : 0;
}
inline double load(const void* p, cudaDataType_t t, size_t i) {
  switch (t) {
    case CUDA_R_64F:
      return ((const double*)p)[i];
    case CUDA_R_32F:
      return ((const float*)p)[i];
    case CUDA_R_16BF:
      return bf(((const uint16_t*)p)[i]);
    default: {
      _Float16 h;
      memcpy(&h, (const uint16_t*)p + i, 2);
      return (double)h;
    }
  }
}
inline void store(void* p, cudaDataType_t t, size_t i, double v) {
  switch (t) {
    case CUDA_R_64F:
      ((double*)p)[i] = v;
      break;
    case CUDA_R_32F:
      ((float*)p)[i] = (float)v;
      break;
    case CUDA_R_16BF: {
      float f = (float)v;
      uint32_t u;
      memcpy(&u, &f, 4);
      ((uint16_t*)p)[i] = f != f ? 0x7fff : (u + 0x7fff + ((u >> 16) & 1)) >> 16;
      break;
    }
    default: {
      _Float16 h = (_Float16)v;
      memcpy((uint16_t*)p + i, &h, 2);
    }
  }
}
struct Matrix {
  const void* p;
  cudaDataType_t t;
  int64_t ld;
  bool trans;
  int64_t stride;
};  // column-major
inline size_t extent(int64_t rows, int64_t cols, int64_t ld, cudaDataType_t t) {
  return rows && cols ? ((size_t)ld * (cols - 1) + rows) * typeSize(t) : 0;
}

// R[m x n] (column-major, dense) = op(A) op(B)
template <class F>
bool product(const Matrix& A, const Matrix& B, int64_t m, int64_t n, int64_t k, int64_t batch, std::vector<F>& R) {
  size_t ea = A.trans ? extent(k, m, A.ld, A.t) : extent(m, k, A.ld, A.t),
         eb = B.trans ? extent(n, k, B.ld, B.t) : extent(k, n, B.ld, B.t);
  const char* a = (const char*)A.p + batch * A.stride * (int64_t)typeSize(A.t);
  const char* b = (const char*)B.p + batch * B.stride * (int64_t)typeSize(B.t);
  a = (const char*)vgpu_host_pointer(a, ea, "GEMM operand A");
  b = (const char*)vgpu_host_pointer(b, eb, "GEMM operand B");
  if (!a || !b) return false;
  std::vector<F> pa((size_t)m * k);
  R.assign((size_t)m * n, 0);
  for (int64_t p = 0; p < k; ++p)
    for (int64_t i = 0; i < m; ++i) pa[p * m + i] = (F)load(a, A.t, A.trans ? i * A.ld + p : p * A.ld + i);
  for (int64_t j = 0; j < n; ++j) {
    F* r = &R[j * m];
    for (int64_t p = 0; p < k; ++p) {
      F x = (F)load(b, B.t, B.trans ? p * B.ld + j : j * B.ld + p);
      const F* col = &pa[p * m];
#pragma GCC ivdep
      for (int64_t i = 0; i < m; ++i) r[i] += col[i] * x;
    }
  }
  return true;
}
inline double scalar(const void* p, bool f64) { return f64 ? *(const double*)p : *(const float*)p; }
}  // namespace blas
