// cublaslt.cpp - a stand-in for libcublasLt: cublasLtMatmul with the epilogues used in training.
#include <cublasLt.h>
#include "tests/virtual_gpu/blas/blas_core.h"
using namespace blas;

namespace {
struct Desc {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  int32_t ta = CUBLAS_OP_N, tb = CUBLAS_OP_N, pointerMode = 0;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  void* bias = nullptr;
  int32_t biasType = -1;
  void* aux = nullptr;
  int64_t auxLd = 0, auxStride = 0;
  int32_t auxType = -1;
};
struct Layout {
  cudaDataType_t type;
  uint64_t rows, cols;
  int64_t ld;
  int32_t order = CUBLASLT_ORDER_COL, count = 1;
  int64_t stride = 0;
};
static_assert(sizeof(Desc) <= sizeof(cublasLtMatmulDescOpaque_t) &&
              sizeof(Layout) <= sizeof(cublasLtMatrixLayoutOpaque_t) + 64);
Desc& D(cublasLtMatmulDesc_t d) { return *(Desc*)d; }
Layout& Y(cublasLtMatrixLayout_t l) { return *(Layout*)l; }
double gelu(double x) {
  double s = 0.7978845608028654;
  return 0.5 * x * (1 + std::tanh(s * (x + 0.044715 * x * x * x)));
}
double dgelu(double x) {
  double s = 0.7978845608028654, u = s * (x + 0.044715 * x * x * x), t = std::tanh(u);
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * s * (1 + 3 * 0.044715 * x * x);
}
template <class T>
cublasStatus_t set(T& f, const void* p, size_t n) {
  if (n > sizeof(T)) return CUBLAS_STATUS_INVALID_VALUE;
  memset((void*)&f, 0, sizeof f);
  memcpy((void*)&f, p, n);
  return CUBLAS_STATUS_SUCCESS;
}

int run(const Desc& d, double al, const void* A, const Layout& a, const void* B, const Layout& b, double be,
        const void* C, const Layout& c, void* out, const Layout& o) {
  int64_t m = o.rows, n = o.cols, k = d.ta == CUBLAS_OP_N ? a.cols : a.rows;
  uint32_t e = d.epilogue;
  bool bias = e == CUBLASLT_EPILOGUE_BIAS || e == CUBLASLT_EPILOGUE_RELU_BIAS || e == CUBLASLT_EPILOGUE_GELU_BIAS ||
              e == CUBLASLT_EPILOGUE_GELU_AUX_BIAS,
       relu = e == CUBLASLT_EPILOGUE_RELU || e == CUBLASLT_EPILOGUE_RELU_BIAS;
  bool geluE = e == CUBLASLT_EPILOGUE_GELU || e == CUBLASLT_EPILOGUE_GELU_BIAS || e == CUBLASLT_EPILOGUE_GELU_AUX ||
               e == CUBLASLT_EPILOGUE_GELU_AUX_BIAS,
       auxOut = e == CUBLASLT_EPILOGUE_GELU_AUX || e == CUBLASLT_EPILOGUE_GELU_AUX_BIAS;
  bool dg = e == CUBLASLT_EPILOGUE_DGELU || e == CUBLASLT_EPILOGUE_DGELU_BGRAD, gradA = e == CUBLASLT_EPILOGUE_BGRADA,
       gradB = e == CUBLASLT_EPILOGUE_BGRADB, gradD = e == CUBLASLT_EPILOGUE_DGELU_BGRAD;
  cudaDataType_t bt = d.biasType >= 0 ? (cudaDataType_t)d.biasType : o.type,
                 xt = d.auxType >= 0 ? (cudaDataType_t)d.auxType : o.type;
  const int bad = cudaErrorIllegalAddress;
  void* bp = nullptr;
  if (bias || gradA || gradB || gradD) {
    bp = vgpu_host_pointer(d.bias, (gradB ? n : m) * typeSize(bt), "matmul bias");
    if (!bp) return bad;
  }
  Matrix ma{A, a.type, a.ld, d.ta != CUBLAS_OP_N, a.stride}, mb{B, b.type, b.ld, d.tb != CUBLAS_OP_N, b.stride};
  for (int batch = 0; batch < o.count; ++batch) {
    std::vector<float> R;
    if (!product(ma, mb, m, n, k, batch, R)) return bad;
    char* po = (char*)vgpu_host_pointer((char*)out + batch * o.stride * (int64_t)typeSize(o.type),
                                        extent(m, n, o.ld, o.type), "matmul result");
    if (!po) return bad;
    const char* pc = nullptr;
    if (be != 0) {
      pc = (const char*)vgpu_host_pointer((const char*)C + batch * c.stride * (int64_t)typeSize(c.type),
                                          extent(m, n, c.ld, c.type), "matmul C");
      if (!pc) return bad;
    }
    char* px = nullptr;
    if (auxOut || dg) {
      px = (char*)vgpu_host_pointer((char*)d.aux + batch * d.auxStride * (int64_t)typeSize(xt),
                                    extent(m, n, d.auxLd, xt), "matmul epilogue aux");
      if (!px) return bad;
    }
    std::vector<double> rowSum(gradD ? m : 0);
    for (int64_t j = 0; j < n; ++j)
      for (int64_t i = 0; i < m; ++i) {
        double v = al * (double)R[j * m + i];
        if (pc) v += be * load(pc, c.type, j * c.ld + i);
        if (bias) v += load(bp, bt, i);
        if (auxOut) store(px, xt, j * d.auxLd + i, v);
        if (relu) v = v > 0 ? v : 0;
        if (geluE) v = gelu(v);
        if (dg) v *= dgelu(load(px, xt, j * d.auxLd + i));
        if (gradD) rowSum[i] += v;
        store(po, o.type, j * o.ld + i, v);
      }
    for (size_t i = 0; i < rowSum.size(); ++i) store(bp, bt, i, rowSum[i]);
    if (gradA || gradB) {
      const Layout& l = gradA ? a : b;
      bool t = gradA ? ma.trans : !mb.trans;
      const void* src = vgpu_host_pointer(gradA ? A : B, extent(l.rows, l.cols, l.ld, l.type), "matmul operand");
      if (!src) return bad;
      for (int64_t i = 0; i < (gradA ? m : n); ++i) {
        double s = 0;
        for (int64_t p = 0; p < k; ++p) s += load(src, l.type, t ? i * l.ld + p : p * l.ld + i);
        store(bp, bt, i, s);
      }
    }
  }
  return 0;
}
bool supported(uint32_t e) {
  switch (e) {
    case CUBLASLT_EPILOGUE_DEFAULT:
    case CUBLASLT_EPILOGUE_RELU:
    case CUBLASLT_EPILOGUE_BIAS:
    case CUBLASLT_EPILOGUE_RELU_BIAS:
    case CUBLASLT_EPILOGUE_GELU:
    case CUBLASLT_EPILOGUE_GELU_BIAS:
    case CUBLASLT_EPILOGUE_GELU_AUX:
    case CUBLASLT_EPILOGUE_GELU_AUX_BIAS:
    case CUBLASLT_EPILOGUE_DGELU:
    case CUBLASLT_EPILOGUE_DGELU_BGRAD:
    case CUBLASLT_EPILOGUE_BGRADA:
    case CUBLASLT_EPILOGUE_BGRADB:
      return true;
    default:
      return false;
  }
}
}  // namespace
extern "C" {
cublasStatus_t cublasLtCreate(cublasLtHandle_t* h) {
  *h = (cublasLtHandle_t) new int(0);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t h) {
  delete (int*)h;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* d, cublasComputeType_t c, cudaDataType_t s) {
  if (s != CUDA_R_32F) return CUBLAS_STATUS_NOT_SUPPORTED;
  *d = (cublasLtMatmulDesc_t) new Desc{c, s};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) {
  delete (Desc*)d;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t a, const void* p,
                                              size_t n) {
  Desc& x = D(d);
  switch (a) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return set(x.ta, p, n);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return set(x.tb, p, n);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return set(x.epilogue, p, n);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return set(x.bias, p, n);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
      return set(x.pointerMode, p, n);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
      return set(x.biasType, p, n);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER:
      return set(x.aux, p, n);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD:
      return set(x.auxLd, p, n);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE:
      return set(x.auxStride, p, n);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE:
      return set(x.auxType, p, n);
    case CUBLASLT_MATMUL_DESC_FAST_ACCUM:
      return CUBLAS_STATUS_SUCCESS;
    case CUBLASLT_MATMUL_DESC_SCALE_TYPE:
      return set(x.scale, p, n);
    default:
      return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* l, cudaDataType t, uint64_t r, uint64_t c,
                                          int64_t ld) {
  *l = (cublasLtMatrixLayout_t) new Layout{t, r, c, ld};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) {
  delete (Layout*)l;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t l, cublasLtMatrixLayoutAttribute_t a,
                                                const void* p, size_t n) {
  Layout& x = Y(l);
  switch (a) {
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
      return set(x.count, p, n);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
      return set(x.stride, p, n);
    case CUBLASLT_MATRIX_LAYOUT_LD:
      return set(x.ld, p, n);
    case CUBLASLT_MATRIX_LAYOUT_ROWS:
      return set(x.rows, p, n);
    case CUBLASLT_MATRIX_LAYOUT_COLS:
      return set(x.cols, p, n);
    case CUBLASLT_MATRIX_LAYOUT_ORDER:
      return set(x.order, p, n);
    default:
      return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* p) {
  *p = new cublasLtMatmulPreferenceOpaque_t{};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) {
  delete p;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t, cublasLtMatmulPreferenceAttributes_t,
                                                    const void*, size_t) {
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t, int want, cublasLtMatmulHeuristicResult_t* r,
                                              int* got) {
  if (want < 1 || !supported(D(d).epilogue)) {
    *got = 0;
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  memset(r, 0, sizeof *r);
  r->state = CUBLAS_STATUS_SUCCESS;
  *got = 1;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t d, const void* alpha, const void* A,
                              cublasLtMatrixLayout_t a, const void* B, cublasLtMatrixLayout_t b, const void* beta,
                              const void* C, cublasLtMatrixLayout_t c, void* out, cublasLtMatrixLayout_t o,
                              const cublasLtMatmulAlgo_t*, void*, size_t, cudaStream_t s) {
  Desc dd = D(d);
  Layout la = Y(a), lb = Y(b), lc = Y(c), lo = Y(o);
  uint64_t m = dd.ta == CUBLAS_OP_N ? la.rows : la.cols, k = dd.ta == CUBLAS_OP_N ? la.cols : la.rows,
           k2 = dd.tb == CUBLAS_OP_N ? lb.rows : lb.cols, n = dd.tb == CUBLAS_OP_N ? lb.cols : lb.rows;
  if (m != lo.rows || n != lo.cols || k != k2) return CUBLAS_STATUS_INVALID_VALUE;
  bool fits = supported(dd.epilogue) && dd.pointerMode == CUBLASLT_POINTER_MODE_HOST && typeSize(la.type) &&
              typeSize(lb.type) && typeSize(lo.type);
  for (auto* l : {&la, &lb, &lo}) fits &= l->order == CUBLASLT_ORDER_COL;
  if (!fits) return CUBLAS_STATUS_NOT_SUPPORTED;
  double al = scalar(alpha, false), be = scalar(beta, false);
  std::function<int()> w = [=] { return run(dd, al, A, la, B, lb, be, C, lc, out, lo); };
  vgpu_enqueue(s, &w);
  return CUBLAS_STATUS_SUCCESS;
}
}
