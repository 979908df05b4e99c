// The profile: this program runs itself with VGPU_PROFILE set and reads what that wrote.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "tests/virtual_gpu/tests/blas_support.h"

namespace {
using namespace convoy::virtual_gpu_test;

constexpr int kCount = 1024;

__global__ void copy_vectors_kernel(float4* to, const float4* from) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  to[i] = from[i];
}
__global__ void copy_strided_kernel(float* to, const float* from) {  // every eighth float: one sector a lane
  const int i = static_cast<int>(threadIdx.x * 8);
  to[i] = from[i];
}
template <int kPitch>
__global__ void transpose_kernel(float* out) {
  __shared__ float tile[32][kPitch];
  for (int row = 0; row < 32; ++row) tile[row][threadIdx.x] = static_cast<float>(row);
  __syncwarp();
  float sum = 0;
  for (int column = 0; column < 32; ++column) sum += tile[threadIdx.x][column];
  out[threadIdx.x] = sum;
}

// What is profiled.
CASE(run_kernels) {
  DeviceArray<float> from(std::vector<float>(kCount, 1.0f)), to(kCount);
  for (int launch = 0; launch < 3; ++launch)
    copy_vectors_kernel<<<2, kCount / 8>>>(reinterpret_cast<float4*>(to.data()),
                                           reinterpret_cast<const float4*>(from.data()));
  copy_strided_kernel<<<1, 32>>>(to.data(), from.data());
  transpose_kernel<32><<<1, 32>>>(to.data());
  transpose_kernel<33><<<1, 32>>>(to.data());
  EXPECT_SUCCESS(cudaDeviceSynchronize());
}
CASE(run_products) {
  MatmulSpec spec{.m = 24, .n = 16, .k = 8};
  spec.input = spec.output = CUDA_R_16BF;
  spec.epilogue = CUBLASLT_EPILOGUE_GELU_AUX_BIAS;
  for (int launch = 0; launch < 2; ++launch) expect_matmul(spec);
}

using Row = std::map<std::string, double>;

std::vector<std::string> split(const std::string& line) {  // CSV: the first cell may be quoted and hold commas
  std::vector<std::string> cells{""};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

// The row of the kernel whose name begins with `name`, by column, after a run of `test`.
Row profile_of(const std::string& test, const std::string& name) {
  char program[4096] = {};
  EXPECT(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
  const std::string file = "/tmp/vgpu_profile_" + std::to_string(getpid()) + ".csv";
  EXPECT_EQ(std::system(("VGPU_PROFILE=" + file + " " + program + " " + test + " > /dev/null").c_str()), 0);
  std::ifstream csv(file);
  std::string line;
  std::getline(csv, line);
  const std::vector<std::string> columns = split(line);
  Row row;
  while (std::getline(csv, line)) {
    const std::vector<std::string> cells = split(line);
    if (cells[0].find(name) == std::string::npos) continue;
    for (size_t k = 1; k < cells.size(); ++k) row[columns[k]] = std::stod(cells[k]);
  }
  unlink(file.c_str());
  EXPECT(!row.empty());
  return row;
}

CASE(vector_copies_use_all_of_their_sectors) {
  const Row row = profile_of("run_kernels", "copy_vectors_kernel");
  EXPECT_EQ(row.at("launches"), 3);
  EXPECT_EQ(row.at("blocks"), 6);
  EXPECT_EQ(row.at("global_load_bytes"), 3 * kCount * 4);
  EXPECT_EQ(row.at("global_load_sectors"), 3 * kCount * 4 / 32);
  EXPECT_EQ(row.at("load_efficiency"), 1);
  EXPECT_EQ(row.at("global_store_bytes"), 3 * kCount * 4);
  EXPECT_EQ(row.at("store_efficiency"), 1);
  EXPECT_EQ(row.at("access_128bit"), 3 * 2 * kCount * 4 / 16 / 32);
  EXPECT_EQ(row.at("access_narrow"), 0);
  EXPECT_EQ(row.at("lane_utilisation"), 1);
}

CASE(strided_copies_waste_sectors) {
  const Row row = profile_of("run_kernels", "copy_strided_kernel");
  EXPECT_EQ(row.at("global_load_sectors"), 32);
  EXPECT_EQ(row.at("load_efficiency"), 4.0 / 32);
  EXPECT_EQ(row.at("access_narrow"), 2);
}

CASE(bank_conflicts_are_counted) {
  EXPECT_EQ(profile_of("run_kernels", "transpose_kernel<32>").at("bank_conflict_replays"), 32 * 31);
  EXPECT_EQ(profile_of("run_kernels", "transpose_kernel<33>").at("bank_conflict_replays"), 0);
}

CASE(clocks_of_shared_memory_are_counted) {
  EXPECT_EQ(profile_of("run_kernels", "transpose_kernel<32>").at("shared_clocks"), 32 + 32 * 32);
  EXPECT_EQ(profile_of("run_kernels", "transpose_kernel<33>").at("shared_clocks"), 32 + 32);
}

CASE(products_are_counted) {
  const Row row = profile_of("run_products", "cublasLtMatmul m=24 n=16 k=8 NN GELU_AUX_BIAS bf16->bf16");
  EXPECT_EQ(row.at("launches"), 2);
  EXPECT_EQ(row.at("mma_flops"), 2 * 2 * 24 * 16 * 8);
  EXPECT_EQ(row.at("global_load_bytes"), 2 * 2 * ((24 + 16) * 8 + 24));  // A, B, bias
  EXPECT_EQ(row.at("global_store_bytes"), 2 * 2 * (24 * 16 + 24 * 16));  // D, aux
}
}  // namespace
