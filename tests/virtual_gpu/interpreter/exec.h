// Everything that opcode families and the block runner share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <unordered_map>

#include "tests/virtual_gpu/interpreter/block_state.h"
#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/image.h"
#include "tests/virtual_gpu/interpreter/lanes.h"
#include "tests/virtual_gpu/interpreter/shared_memory.h"
