#include "kernels/cpu/product/kernels.h"

#include "kernels/cpu/cpu_isa.h"

namespace convoy::cpu {

const PanelKernels& panel_kernels() { return active_isa() == Isa::avx2 ? avx2::panel_kernels : avx512::panel_kernels; }

const ProductLoops& product_loops() { return active_isa() == Isa::avx2 ? avx2::product_loops : avx512::product_loops; }

}  // namespace convoy::cpu
