// Order between streams and the host. Work runs lazily and in a seeded random order, so a missing event or a read
// before the synchronization gives a wrong result; with them the result is right in every order (CTest runs several
// seeds).
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr int kCount = 256, kRepeats = 20;
constexpr size_t kBytes = kCount * sizeof(float);

__global__ void scale_kernel(float* p, float factor) { p[threadIdx.x] *= factor; }
__global__ void add_kernel(float* to, const float* from) { to[threadIdx.x] += from[threadIdx.x]; }

struct Streams {
  explicit Streams(unsigned flags = cudaStreamNonBlocking) {
    EXPECT_SUCCESS(cudaStreamCreateWithFlags(&first, flags));
    EXPECT_SUCCESS(cudaStreamCreateWithFlags(&second, flags));
    EXPECT_SUCCESS(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    EXPECT_SUCCESS(cudaMallocHost(&host, kBytes));
  }
  ~Streams() {
    EXPECT_SUCCESS(cudaStreamDestroy(first));
    EXPECT_SUCCESS(cudaStreamDestroy(second));
    EXPECT_SUCCESS(cudaEventDestroy(event));
    EXPECT_SUCCESS(cudaFreeHost(host));
  }
  cudaStream_t first = nullptr, second = nullptr;
  cudaEvent_t event = nullptr;
  float* host = nullptr;
};

// x = 1 is scaled to 16 in the first stream and added to y = 0 in the second. How often, of kRepeats, y was right.
int times_right(bool wait_for_event, bool synchronize) {
  Streams streams;
  DeviceArray<float> x(kCount), y(kCount);
  int right = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    for (int k = 0; k < kCount; ++k) streams.host[k] = 1;
    EXPECT_SUCCESS(cudaMemset(y.data(), 0, kBytes));
    EXPECT_SUCCESS(cudaMemcpy(x.data(), streams.host, kBytes, cudaMemcpyHostToDevice));
    for (int k = 0; k < 4; ++k) scale_kernel<<<1, kCount, 0, streams.first>>>(x.data(), 2);
    EXPECT_SUCCESS(cudaEventRecord(streams.event, streams.first));
    if (wait_for_event) EXPECT_SUCCESS(cudaStreamWaitEvent(streams.second, streams.event));
    add_kernel<<<1, kCount, 0, streams.second>>>(y.data(), x.data());
    EXPECT_SUCCESS(cudaMemcpyAsync(streams.host, y.data(), kBytes, cudaMemcpyDeviceToHost, streams.second));
    if (synchronize) EXPECT_SUCCESS(cudaStreamSynchronize(streams.second));
    right += streams.host[0] == 16 && streams.host[kCount - 1] == 16;
    EXPECT_SUCCESS(cudaDeviceSynchronize());
  }
  return right;
}

CASE(with_event_and_synchronization_all_is_right) { EXPECT_EQ(times_right(true, true), kRepeats); }
CASE(a_missing_event_shows) { EXPECT(times_right(false, true) <= kRepeats / 4); }
CASE(a_missing_synchronization_shows) { EXPECT_EQ(times_right(true, false), 0); }

// The legacy stream and blocking ones wait for each other; non-blocking ones do not take part.
int times_right_by_legacy_stream(unsigned flags) {
  Streams streams(flags);
  DeviceArray<float> x(kCount), y(kCount);
  int right = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    EXPECT_SUCCESS(cudaMemset(y.data(), 0, kBytes));
    EXPECT_SUCCESS(cudaMemcpy(x.data(), std::vector<float>(kCount, 1.0f).data(), kBytes, cudaMemcpyHostToDevice));
    for (int k = 0; k < 4; ++k) scale_kernel<<<1, kCount, 0, streams.first>>>(x.data(), 2);
    add_kernel<<<1, kCount>>>(y.data(), x.data());
    right += y.values()[0] == 16;
    EXPECT_SUCCESS(cudaDeviceSynchronize());
  }
  return right;
}
CASE(blocking_streams_wait_for_the_legacy_stream) {
  EXPECT_EQ(times_right_by_legacy_stream(cudaStreamDefault), kRepeats);
}
CASE(other_streams_do_not_wait_for_the_legacy_stream) {
  EXPECT(times_right_by_legacy_stream(cudaStreamNonBlocking) <= kRepeats / 4);
}

// A pageable source is staged before the call returns; a pinned one is read when the stream gets there.
CASE(sources_of_asynchronous_copies) {
  Streams streams;
  DeviceArray<float> x(kCount);
  std::vector<float> pageable(kCount, 3.0f);
  EXPECT_SUCCESS(cudaMemcpyAsync(x.data(), pageable.data(), kBytes, cudaMemcpyHostToDevice, streams.first));
  pageable.assign(kCount, 4.0f);
  EXPECT_SUCCESS(cudaStreamSynchronize(streams.first));
  EXPECT_EQ(x.values()[0], 3.0f);
  streams.host[0] = 5;
  EXPECT_SUCCESS(cudaMemcpyAsync(x.data(), streams.host, kBytes, cudaMemcpyHostToDevice, streams.first));
  streams.host[0] = 6;  // too early
  EXPECT_SUCCESS(cudaStreamSynchronize(streams.first));
  EXPECT_EQ(x.values()[0], 6.0f);
}

CASE(host_functions_run_in_order) {
  Streams streams;
  static int state;
  state = 0;
  DeviceArray<float> x(std::vector<float>(kCount, 1.0f));
  scale_kernel<<<1, kCount, 0, streams.first>>>(x.data(), 2);
  EXPECT_SUCCESS(cudaMemcpyAsync(streams.host, x.data(), kBytes, cudaMemcpyDeviceToHost, streams.first));
  EXPECT_SUCCESS(cudaLaunchHostFunc(
      streams.first, [](void* host) { state = static_cast<float*>(host)[0] == 2 ? 1 : -1; }, streams.host));
  EXPECT_EQ(state, 0);  // not asked for yet
  EXPECT_SUCCESS(cudaStreamSynchronize(streams.first));
  EXPECT_EQ(state, 1);
}

CASE(events_tell_time_and_whether_they_have_happened) {
  cudaEvent_t begin, end;
  EXPECT_SUCCESS(cudaEventCreate(&begin));
  EXPECT_SUCCESS(cudaEventCreate(&end));
  DeviceArray<float> x(std::vector<float>(kCount, 1.0f));
  EXPECT_SUCCESS(cudaEventRecord(begin));
  for (int k = 0; k < 10; ++k) scale_kernel<<<1, kCount>>>(x.data(), 1);
  EXPECT_SUCCESS(cudaEventRecord(end));
  float ms = -1;
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaErrorNotReady);
  EXPECT_EQ(cudaEventQuery(end), cudaErrorNotReady);
  EXPECT_SUCCESS(cudaEventSynchronize(end));
  EXPECT_EQ(cudaEventQuery(end), cudaSuccess);
  EXPECT_SUCCESS(cudaEventElapsedTime(&ms, begin, end));
  EXPECT(ms > 0);
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
}
}  // namespace
