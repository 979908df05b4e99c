// PTX text to syntax tree.
#pragma once

#include <memory>

#include "tests/virtual_gpu/ptx/module.h"

namespace convoy::vgpu {

// Throws PtxError, naming the line, at anything that it does not know.
std::unique_ptr<Module> parse_ptx(const std::string& text);

}  // namespace convoy::vgpu
