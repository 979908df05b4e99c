#include "kernels/cpu/product/onednn_compat.h"

#include <fmt/format.h>

#include <string_view>

#include "core/base/error.h"
#include "kernels/cpu/cpu_isa.h"

namespace convoy::cpu {
namespace {

dnnl::cpu_isa onednn_isa(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return dnnl::cpu_isa::avx2;
    case Isa::avx512:
      return dnnl::cpu_isa::avx512_core;
    case Isa::avx512_bf16:
      return dnnl::cpu_isa::avx512_core_bf16;
    case Isa::amx:
      return dnnl::cpu_isa::avx512_core_amx;
  }
  return dnnl::cpu_isa::avx2;
}

dnnl::engine make_engine() {
  const Isa isa = active_isa();
  if (isa < processor_isa() && dnnl::set_max_cpu_isa(onednn_isa(isa)) != dnnl::status::success &&
      dnnl::get_effective_cpu_isa() != onednn_isa(isa))
    throw InternalError(fmt::format(
        "oneDNN was used before it could be limited to {}; set ONEDNN_MAX_CPU_ISA as well as CONVOY_CPU_ISA",
        name_of(isa)));
  return {dnnl::engine::kind::cpu, 0};
}

bool is_reference(const dnnl::matmul::primitive_desc& description) {
  return std::string_view(description.impl_info_str()).find("ref") != std::string_view::npos;
}

}  // namespace

const dnnl::engine& onednn_engine() {
  static const dnnl::engine engine = make_engine();
  return engine;
}

dnnl::memory::data_type onednn_type(DType dtype) {
  if (dtype == DType::f32) return dnnl::memory::data_type::f32;
  if (dtype == DType::bf16) return dnnl::memory::data_type::bf16;
  throw InternalError(fmt::format("matrix products take f32 or bf16, not {}", name_of(dtype)));
}

dnnl::matmul::primitive_desc describe_product(const dnnl::memory::desc& src, const dnnl::memory::desc& weights,
                                              const dnnl::memory::desc& bias, const dnnl::memory::desc& dst,
                                              const dnnl::primitive_attr& attributes) {
  const dnnl::engine& engine = onednn_engine();
  const bool allow_empty = true;  // an unsupported product is an empty descriptor, not an exception
#if DNNL_VERSION_MAJOR >= 3
  dnnl::matmul::primitive_desc description(engine, src, weights, bias, dst, attributes, allow_empty);
#else
  const dnnl::matmul::desc operation(src, weights, bias, dst);
  dnnl::matmul::primitive_desc description(operation, attributes, engine, allow_empty);
#endif
  if (!description || is_reference(description)) return {};
  return description;
}

}  // namespace convoy::cpu
