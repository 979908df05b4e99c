// The operators at the shapes of GPT-2 124M, with fewer rows, so that the virtual GPU takes seconds.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/benchmark/counters/counter_bench.h"

namespace convoy::counters {

struct Case {
  std::string name;
  std::function<Work(CounterBench&)> run;
};

const std::vector<Case>& cases();

}  // namespace convoy::counters
