#include "kernels/cuda/cuda_time_mark.h"

namespace convoy::cuda {

static cudaEvent_t open_timed_event() {
  cudaEvent_t event = nullptr;
  CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDefault));
  return event;
}

CudaTimeMark::CudaTimeMark() : event_(open_timed_event()) {}

void CudaTimeMark::record(Stream& stream) { CUDA_CHECK(cudaEventRecord(event_.get(), handle(stream))); }

double CudaTimeMark::ms_since(const TimeMark& begin) const {
  float ms = 0;
  CUDA_CHECK(cudaEventElapsedTime(&ms, static_cast<const CudaTimeMark&>(begin).event_.get(), event_.get()));
  return double{ms};
}

}  // namespace convoy::cuda
