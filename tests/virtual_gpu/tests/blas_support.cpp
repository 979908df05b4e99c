#include "tests/virtual_gpu/tests/blas_support.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace convoy::virtual_gpu_test {
namespace {

constexpr float kGap = 768;  // between columns; exact in every type

size_t bytes_of(cudaDataType_t type) { return type == CUDA_R_32F ? 4 : 2; }

void store(std::byte* to, cudaDataType_t type, float value) {
  const __nv_bfloat16 brain = __float2bfloat16(value);
  const __half half = __float2half(value);
  if (type == CUDA_R_32F) memcpy(to, &value, sizeof value);
  if (type == CUDA_R_16BF) memcpy(to, &brain, sizeof brain);
  if (type == CUDA_R_16F) memcpy(to, &half, sizeof half);
}

float load(const std::byte* from, cudaDataType_t type) {
  float value;
  __nv_bfloat16 brain;
  __half half;
  if (type == CUDA_R_32F) memcpy(&value, from, sizeof value);
  if (type == CUDA_R_16BF) memcpy(&brain, from, sizeof brain), value = __bfloat162float(brain);
  if (type == CUDA_R_16F) memcpy(&half, from, sizeof half), value = __half2float(half);
  return value;
}

// Values without symmetry: no two rows or columns are alike. In [-1, 1).
std::vector<float> scattered(int64_t count, uint32_t seed, cudaDataType_t type) {
  std::vector<float> values(static_cast<size_t>(count));
  uint32_t state = seed * 2654435761u + 1;
  for (float& v : values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<float>(static_cast<int32_t>(state) >> 8) / (1 << 23);
  }
  return rounded(values, type);
}

// A matrix on the device with gaps between its lines: columns, or rows where it is row-major.
class DeviceMatrix {
 public:
  DeviceMatrix(const std::vector<float>& values, int64_t rows, int64_t columns, int64_t ld, bool row_major,
               cudaDataType_t type)
      : rows_(rows), columns_(columns), ld_(ld), row_major_(row_major), type_(type) {
    const int64_t lines = row_major ? rows : columns;
    const int64_t count = static_cast<int64_t>(values.size()) / (rows * columns);  // in the batch
    batch_stride_ = (lines * ld + 63) / 64 * 64;
    bytes_.resize(static_cast<size_t>(batch_stride_ * count) * bytes_of(type));
    for (size_t k = 0; k < bytes_.size(); k += bytes_of(type)) store(&bytes_[k], type, kGap);
    for (size_t k = 0; k < values.size(); ++k) store(&bytes_[offset(k)], type, values[k]);
    EXPECT_SUCCESS(cudaMalloc(&device_, bytes_.size()));
    EXPECT_SUCCESS(cudaMemcpy(device_, bytes_.data(), bytes_.size(), cudaMemcpyHostToDevice));
  }
  ~DeviceMatrix() { cudaFree(device_); }
  DeviceMatrix(const DeviceMatrix&) = delete;
  DeviceMatrix& operator=(const DeviceMatrix&) = delete;

  void* data() const { return device_; }
  int64_t batch_stride() const { return batch_stride_; }

  // The values now; fails if a gap has changed.
  std::vector<float> values(size_t count) {
    std::vector<std::byte> now(bytes_.size());
    EXPECT_SUCCESS(cudaMemcpy(now.data(), device_, now.size(), cudaMemcpyDeviceToHost));
    std::vector<float> result(count);
    for (size_t k = 0; k < count; ++k) {
      result[k] = load(&now[offset(k)], type_);
      store(&now[offset(k)], type_, kGap);
    }
    for (size_t at = 0; at < now.size(); at += bytes_of(type_)) EXPECT_EQ(load(&now[at], type_), kGap);
    return result;
  }

 private:
  size_t offset(size_t dense) const {  // bytes, of an element of the dense column-major matrix
    const auto k = static_cast<int64_t>(dense);
    const int64_t batch = k / (rows_ * columns_), row = k % rows_, column = k / rows_ % columns_;
    const int64_t element = row_major_ ? row * ld_ + column : column * ld_ + row;
    return static_cast<size_t>(batch * batch_stride_ + element) * bytes_of(type_);
  }

  int64_t rows_, columns_, ld_;
  bool row_major_;
  cudaDataType_t type_;
  int64_t batch_stride_ = 0;
  std::vector<std::byte> bytes_;
  void* device_ = nullptr;
};

bool has(uint32_t epilogue, std::initializer_list<uint32_t> any) {
  return std::find(any.begin(), any.end(), epilogue) != any.end();
}
bool adds_bias(uint32_t e) {
  return has(e, {CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_RELU_BIAS, CUBLASLT_EPILOGUE_GELU_BIAS,
                 CUBLASLT_EPILOGUE_GELU_AUX_BIAS});
}
bool is_gelu(uint32_t e) {
  return has(e, {CUBLASLT_EPILOGUE_GELU, CUBLASLT_EPILOGUE_GELU_BIAS, CUBLASLT_EPILOGUE_GELU_AUX,
                 CUBLASLT_EPILOGUE_GELU_AUX_BIAS});
}
bool writes_aux(uint32_t e) { return has(e, {CUBLASLT_EPILOGUE_GELU_AUX, CUBLASLT_EPILOGUE_GELU_AUX_BIAS}); }
bool reads_aux(uint32_t e) { return has(e, {CUBLASLT_EPILOGUE_DGELU, CUBLASLT_EPILOGUE_DGELU_BGRAD}); }

double gelu(double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }
double gelu_slope(double x) {  // by a central difference
  const double h = 1e-5;
  return (gelu(x + h) - gelu(x - h)) / (2 * h);
}

void set_batch(cublasLtMatrixLayout_t layout, int count, int64_t stride) {
  cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count);
  cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride);
}

cublasLtMatrixLayout_t make_layout(const MatmulSpec& spec, cudaDataType_t type, int64_t rows, int64_t columns) {
  cublasLtMatrixLayout_t layout = nullptr;
  cublasLtMatrixLayoutCreate(&layout, type, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns),
                             ld_of(spec, rows, columns));
  const int32_t order = spec.row_major ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL;
  cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_ORDER, &order, sizeof order);
  return layout;
}

int64_t rows_a(const MatmulSpec& s) { return s.transpose_a ? s.k : s.m; }
int64_t rows_b(const MatmulSpec& s) { return s.transpose_b ? s.n : s.k; }

}  // namespace

std::string MatmulSpec::name() const {
  std::ostringstream text;
  text << m << "x" << n << "x" << k << (transpose_a ? " T" : " N") << (transpose_b ? "T" : "N") << " epilogue "
       << epilogue << " types " << input << "->" << output << " alpha " << alpha << " beta " << beta << " compute "
       << compute << " padding " << padding << (row_major ? " row-major" : "") << " batch " << batch;
  return text.str();
}

int64_t ld_of(const MatmulSpec& spec, int64_t rows, int64_t columns) {
  return (spec.row_major ? columns : rows) + spec.padding;
}

std::vector<float> rounded(const std::vector<float>& values, cudaDataType_t type) {
  std::vector<float> result = values;
  std::byte element[4];
  for (float& v : result) {
    store(element, type, v);
    v = load(element, type);
  }
  return result;
}

MatmulData::MatmulData(const MatmulSpec& s)
    : a(scattered(s.m * s.k * s.batch, 1, s.input)),
      b(scattered(s.k * s.n * s.batch, 2, s.input)),
      c(scattered(s.m * s.n * s.batch, 3, s.output)),
      bias(scattered(s.epilogue == CUBLASLT_EPILOGUE_BGRADB ? s.n : s.m, 4, s.output)),
      aux(scattered(s.m * s.n * s.batch, 5, s.output)) {}

MatmulObjects::MatmulObjects(const MatmulSpec& s) {
  EXPECT_EQ(cublasLtCreate(&handle), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasLtMatmulDescCreate(&desc, s.compute, CUDA_R_32F), CUBLAS_STATUS_SUCCESS);
  set(CUBLASLT_MATMUL_DESC_TRANSA, s.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_TRANSB, s.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, s.epilogue);
  a = make_layout(s, s.input, rows_a(s), s.m * s.k / rows_a(s));
  b = make_layout(s, s.input, rows_b(s), s.k * s.n / rows_b(s));
  c = make_layout(s, s.output, s.m, s.n);
  d = make_layout(s, s.output, s.m, s.n);
  EXPECT_EQ(cublasLtMatmulPreferenceCreate(&preference), CUBLAS_STATUS_SUCCESS);
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{s.max_workspace_bytes});
}

MatmulObjects::~MatmulObjects() {
  cublasLtMatmulPreferenceDestroy(preference);
  for (cublasLtMatrixLayout_t layout : {a, b, c, d}) cublasLtMatrixLayoutDestroy(layout);
  cublasLtMatmulDescDestroy(desc);
  cublasLtDestroy(handle);
}

bool MatmulObjects::choose() {
  int count = 0;
  const cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(handle, desc, a, b, c, d, preference, 1, &chosen, &count);
  return status == CUBLAS_STATUS_SUCCESS && count == 1 && chosen.state == CUBLAS_STATUS_SUCCESS;
}

MatmulResult run_matmul(const MatmulSpec& s, const MatmulData& data) {
  const int64_t columns_a = s.m * s.k / rows_a(s), columns_b = s.k * s.n / rows_b(s);
  DeviceMatrix a(data.a, rows_a(s), columns_a, ld_of(s, rows_a(s), columns_a), s.row_major, s.input);
  DeviceMatrix b(data.b, rows_b(s), columns_b, ld_of(s, rows_b(s), columns_b), s.row_major, s.input);
  DeviceMatrix d(data.c, s.m, s.n, ld_of(s, s.m, s.n), s.row_major, s.output);  // in place: C is D
  const int64_t aux_ld = (s.m + s.padding + 7) / 8 * 8;
  DeviceMatrix aux(data.aux, s.m, s.n, aux_ld, false, s.output);
  const auto bias_length = static_cast<int64_t>(data.bias.size());
  DeviceMatrix bias(data.bias, bias_length, 1, bias_length, false, s.output);

  MatmulObjects objects(s);
  set_batch(objects.a, s.batch, a.batch_stride());
  set_batch(objects.b, s.batch, b.batch_stride());
  set_batch(objects.c, s.batch, d.batch_stride());
  set_batch(objects.d, s.batch, d.batch_stride());
  objects.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias.data());
  objects.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, aux.data());
  objects.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, aux_ld);
  objects.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE, aux.batch_stride());
  if (!objects.choose()) {
    fail(__FILE__, __LINE__, "no algorithm for " + s.name());
    return {};
  }
  DeviceArray<std::byte> workspace(std::max<size_t>(objects.chosen.workspaceSize, 256));
  EXPECT_EQ(cublasLtMatmul(objects.handle, objects.desc, &s.alpha, a.data(), objects.a, b.data(), objects.b, &s.beta,
                           d.data(), objects.c, d.data(), objects.d, &objects.chosen.algo, workspace.data(),
                           objects.chosen.workspaceSize, nullptr),
            CUBLAS_STATUS_SUCCESS);
  return {d.values(data.c.size()), bias.values(data.bias.size()), aux.values(data.aux.size())};
}

MatmulResult plain_matmul(const MatmulSpec& s, const MatmulData& data) {
  MatmulResult r{data.c, data.bias, data.aux};
  const auto a = [&](int64_t batch, int64_t i, int64_t p) {
    return double{data.a[static_cast<size_t>(batch * s.m * s.k + (s.transpose_a ? i * s.k + p : p * s.m + i))]};
  };
  const auto b = [&](int64_t batch, int64_t p, int64_t j) {
    return double{data.b[static_cast<size_t>(batch * s.k * s.n + (s.transpose_b ? p * s.n + j : j * s.k + p))]};
  };
  std::vector<double> row_sums(static_cast<size_t>(s.m));
  for (int64_t batch = 0; batch < s.batch; ++batch)
    for (int64_t j = 0; j < s.n; ++j)
      for (int64_t i = 0; i < s.m; ++i) {
        const auto at = static_cast<size_t>((batch * s.n + j) * s.m + i), row = static_cast<size_t>(i);
        double x = 0;
        for (int64_t p = 0; p < s.k; ++p) x += a(batch, i, p) * b(batch, p, j);
        x = s.alpha * x + (s.beta != 0 ? s.beta * data.c[at] : 0);
        if (adds_bias(s.epilogue)) x += data.bias[row];
        if (writes_aux(s.epilogue)) r.aux[at] = static_cast<float>(x);
        if (has(s.epilogue, {CUBLASLT_EPILOGUE_RELU, CUBLASLT_EPILOGUE_RELU_BIAS})) x = std::max(x, 0.0);
        if (is_gelu(s.epilogue)) x = gelu(x);
        if (reads_aux(s.epilogue)) x *= gelu_slope(data.aux[at]);
        row_sums[row] += x;
        r.d[at] = static_cast<float>(x);
      }
  for (size_t i = 0; i < r.bias.size(); ++i) {
    double sum = 0;
    const auto index = static_cast<int64_t>(i);
    if (s.epilogue == CUBLASLT_EPILOGUE_BGRADA)
      for (int64_t p = 0; p < s.k; ++p) sum += a(0, index, p);
    else if (s.epilogue == CUBLASLT_EPILOGUE_BGRADB)
      for (int64_t p = 0; p < s.k; ++p) sum += b(0, p, index);
    else if (s.epilogue == CUBLASLT_EPILOGUE_DGELU_BGRAD)
      sum = row_sums[i];
    else
      continue;
    r.bias[i] = static_cast<float>(sum);
  }
  return r;
}

void expect_near(const MatmulSpec& s, const char* what, const std::vector<float>& found,
                 const std::vector<float>& wanted) {
  if (found.size() != wanted.size()) return fail(__FILE__, __LINE__, std::string(what) + ": another size");
  const double rounding = s.output == CUDA_R_32F ? 1e-5 : s.output == CUDA_R_16F ? 1.0 / 1024 : 1.0 / 128;
  for (size_t k = 0; k < found.size(); ++k) {
    const double error = std::fabs(double{found[k]} - wanted[k]);
    if (error <= rounding * std::max(1.0, std::fabs(double{wanted[k]}))) continue;  // false for NaN too
    std::ostringstream text;
    text << s.name() << ": " << what << "[" << k << "] is " << found[k] << ", wanted " << wanted[k];
    return fail(__FILE__, __LINE__, text.str());
  }
}

void expect_matmul(const MatmulSpec& spec) {
  const MatmulData data(spec);
  const MatmulResult found = run_matmul(spec, data), wanted = plain_matmul(spec, data);
  expect_near(spec, "result", found.d, wanted.d);
  expect_near(spec, "bias", found.bias, wanted.bias);
  expect_near(spec, "aux", found.aux, wanted.aux);
}

}  // namespace convoy::virtual_gpu_test
