// Moments of a CUDA stream, by its own clock: half a microsecond fine.
#pragma once

#include "core/device/time_mark.h"
#include "kernels/cuda/cuda_stream.h"

namespace convoy::cuda {

class CudaTimeMark final : public TimeMark {
 public:
  CudaTimeMark();
  void record(Stream& stream) override;
  double ms_since(const TimeMark& begin) const override;

 private:
  Owned<cudaEvent_t, close_event> event_;
};

}  // namespace convoy::cuda
