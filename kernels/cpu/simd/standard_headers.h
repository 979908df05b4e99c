// All headers that kernels share with other code, included before the instruction set is chosen. See begin_avx2.h.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <tuple>

#include "core/base/bf16.h"
#include "core/base/integers.h"
#include "core/base/philox.h"
#include "core/ops/activation_rules.h"
#include "core/ops/combine.h"
#include "core/ops/gate.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/pointwise_loss.h"
#include "core/ops/rotary.h"
#include "core/ops/swiglu.h"
#include "kernels/cpu/simd/kernels.h"
