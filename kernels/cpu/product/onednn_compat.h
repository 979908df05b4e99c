// What differs between oneDNN 2 and oneDNN 3: how a matrix product is described. The rest of the code compiles with
// both.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "core/tensor/dtype.h"

namespace convoy::cpu {

// The process's oneDNN engine. oneDNN is limited to active_isa() before it first generates code; throws InternalError
// if somebody used it earlier with more.
const dnnl::engine& onednn_engine();

dnnl::memory::data_type onednn_type(DType dtype);  // f32 and bf16

// dst = src x weights + bias; an empty bias descriptor means none. Null if oneDNN has nothing better than its reference
// code, or nothing at all, for these types on this processor.
dnnl::matmul::primitive_desc describe_product(const dnnl::memory::desc& src, const dnnl::memory::desc& weights,
                                              const dnnl::memory::desc& bias, const dnnl::memory::desc& dst,
                                              const dnnl::primitive_attr& attributes);

}  // namespace convoy::cpu
