#include "tests/virtual_gpu/blas/epilogue.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "tests/virtual_gpu/blas/element.h"
#include "tests/virtual_gpu/runtime/unkind.h"

namespace convoy::vgpu {
Epilogue describe_epilogue(uint32_t epilogue) {
  switch (epilogue) {
    case CUBLASLT_EPILOGUE_DEFAULT:
      return {.name = "DEFAULT", .supported = true};
    case CUBLASLT_EPILOGUE_RELU:
      return {.name = "RELU", .supported = true, .activation = Activation::relu};
    case CUBLASLT_EPILOGUE_BIAS:
      return {.name = "BIAS", .supported = true, .adds_bias = true};
    case CUBLASLT_EPILOGUE_RELU_BIAS:
      return {.name = "RELU_BIAS", .supported = true, .adds_bias = true, .activation = Activation::relu};
    case CUBLASLT_EPILOGUE_GELU:
      return {.name = "GELU", .supported = true, .activation = Activation::gelu};
    case CUBLASLT_EPILOGUE_GELU_BIAS:
      return {.name = "GELU_BIAS", .supported = true, .adds_bias = true, .activation = Activation::gelu};
    case CUBLASLT_EPILOGUE_GELU_AUX:
      return {.name = "GELU_AUX", .supported = true, .activation = Activation::gelu, .writes_aux = true};
    case CUBLASLT_EPILOGUE_GELU_AUX_BIAS:
      return {.name = "GELU_AUX_BIAS",
              .supported = true,
              .adds_bias = true,
              .activation = Activation::gelu,
              .writes_aux = true};
    case CUBLASLT_EPILOGUE_DGELU:
      return {.name = "DGELU", .supported = true, .activation = Activation::gelu_derivative};
    case CUBLASLT_EPILOGUE_DGELU_BGRAD:
      return {.name = "DGELU_BGRAD",
              .supported = true,
              .activation = Activation::gelu_derivative,
              .bias_gradient = BiasGradient::of_result};
    case CUBLASLT_EPILOGUE_BGRADA:
      return {.name = "BGRADA", .supported = true, .bias_gradient = BiasGradient::of_a};
    case CUBLASLT_EPILOGUE_BGRADB:
      return {.name = "BGRADB", .supported = true, .bias_gradient = BiasGradient::of_b};
    default:
      return {.name = "an epilogue that is not supported"};
  }
}

namespace {
// GELU by tanh: x / 2 (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3), in f32 as a GPU computes it: beyond x = -4,
// where 1 + tanh(u) cancels, that alone leaves an error of 1e-3 of the result.
constexpr float kSqrtTwoOverPi = 0.7978845608028654f, kCubic = 0.044715f;

// VGPU_TANH=approx, or the unkind mode: as wrong as tanh.approx.f32 may be, by 2^-11 of the result ("tanh" in PTX ISA).
bool tanh_is_approximate() {
  static const char* const text = getenv("VGPU_TANH");
  static const bool approximate = is_unkind() || (text && std::string(text) == "approx");
  return approximate;
}
float device_tanh(float u) {
  const float t = std::tanh(u);
  if (!tanh_is_approximate()) return t;
  const float error = std::sin(1e3f * u) * 0x1p-11f;  // of either sign, and the same for the same u
  return std::clamp(t * (1 + error), -1.0f, 1.0f);
}

float gelu(float x) { return 0.5f * x * (1 + device_tanh(kSqrtTwoOverPi * (x + kCubic * x * x * x))); }

float gelu_derivative(float x) {
  const float t = device_tanh(kSqrtTwoOverPi * (x + kCubic * x * x * x));
  return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * kSqrtTwoOverPi * (1 + 3 * kCubic * x * x);
}

// A vector as floats.
std::vector<float> load_vector(const void* from, cudaDataType_t type, int64_t count, int64_t stride = 1) {
  std::vector<float> values(static_cast<size_t>(count));
  with_element(type, [&]<class Element>(Element) {
    const auto* elements = static_cast<const Element*>(from);
    for (int64_t k = 0; k < count; ++k) values[static_cast<size_t>(k)] = elements[k * stride].to_float();
  });
  return values;
}

template <class Float>
void store_vector(const std::vector<Float>& values, void* to, cudaDataType_t type, int64_t stride = 1) {
  with_element(type, [&]<class Element>(Element) {
    auto* elements = static_cast<Element*>(to);
    for (size_t k = 0; k < values.size(); ++k)
      elements[static_cast<int64_t>(k) * stride] = Element::from(static_cast<float>(values[k]));
  });
}

void* column_of(const MatrixView& matrix, int64_t column) {
  const int64_t bytes = column * matrix.column_stride * static_cast<int64_t>(element_bytes(matrix.type));
  return static_cast<char*>(const_cast<void*>(matrix.data)) + bytes;
}

void activate(Activation activation, std::vector<float>& x) {
  for (float& v : x) {
    if (activation == Activation::relu) v = v > 0 ? v : 0;  // NaN becomes 0, as in the real library
    if (activation == Activation::gelu) v = gelu(v);
  }
}

void multiply_by_derivative(std::vector<float>& x, const std::vector<float>& aux) {
  for (size_t i = 0; i < x.size(); ++i) x[i] *= gelu_derivative(aux[i]);
}
}  // namespace

void apply_epilogue(const Epilogue& epilogue, const EpilogueArguments& args, const float* product, int64_t m,
                    int64_t n) {
  const std::vector<float> bias = epilogue.adds_bias ? load_vector(args.bias, args.bias_type, m) : std::vector<float>{};
  const MatrixView aux{args.aux, args.aux_type, 1, args.aux_ld};
  std::vector<double> sums(epilogue.bias_gradient == BiasGradient::of_result ? static_cast<size_t>(m) : 0);
  std::vector<float> x(static_cast<size_t>(m));
  for (int64_t column = 0; column < n; ++column) {
    for (int64_t i = 0; i < m; ++i) x[static_cast<size_t>(i)] = args.alpha * product[column * m + i];
    if (args.beta != 0) {
      const auto c = load_vector(column_of(args.c, column), args.c.type, m, args.c.row_stride);
      for (size_t i = 0; i < x.size(); ++i) x[i] = std::fma(args.beta, c[i], x[i]);
    }
    for (size_t i = 0; i < bias.size(); ++i) x[i] += bias[i];
    if (epilogue.writes_aux) store_vector(x, column_of(aux, column), aux.type);
    activate(epilogue.activation, x);
    if (epilogue.reads_aux()) multiply_by_derivative(x, load_vector(column_of(aux, column), aux.type, m));
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += x[i];
    store_vector(x, column_of(args.d, column), args.d.type, args.d.row_stride);
  }
  if (!sums.empty()) store_vector(sums, args.bias_gradient, args.bias_type);
}

void sum_over_k(const MatrixView& matrix, int64_t length, int64_t k, cudaDataType_t to_type, void* to) {
  std::vector<double> sums(static_cast<size_t>(length));
  for (int64_t p = 0; p < k; ++p) {
    const auto column = load_vector(column_of(matrix, p), matrix.type, length, matrix.row_stride);
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += column[i];
  }
  store_vector(sums, to, to_type);
}
}  // namespace convoy::vgpu
