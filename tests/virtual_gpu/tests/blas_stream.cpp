// Products on streams: order with other work, and a workspace that two streams share. CTest runs each case alone.
#include "tests/virtual_gpu/tests/blas_support.h"

namespace {
using namespace convoy::virtual_gpu_test;

constexpr MatmulSpec kSpec{.m = 64, .n = 32, .k = 16};
constexpr float kOne = 1, kZero = 0;

struct Operands {
  Operands() : a(std::vector<float>(64 * 16, 1.0f)), b(std::vector<float>(16 * 32, 1.0f)), d(64 * 32) {}
  DeviceArray<float> a, b, d;
};

void multiply(MatmulObjects& objects, const Operands& o, void* workspace, cudaStream_t stream) {
  EXPECT_EQ(cublasLtMatmul(objects.handle, objects.desc, &kOne, o.a.data(), objects.a, o.b.data(), objects.b, &kZero,
                           o.d.data(), objects.c, o.d.data(), objects.d, &objects.chosen.algo, workspace,
                           objects.chosen.workspaceSize, stream),
            CUBLAS_STATUS_SUCCESS);
}

// Twenty products on each of two streams, whose workspaces are one or two.
void multiply_on_two_streams(bool share) {
  MatmulObjects objects(kSpec);
  EXPECT(objects.choose());
  DeviceArray<char> first(objects.chosen.workspaceSize), second(objects.chosen.workspaceSize);
  Operands operands[2];
  cudaStream_t streams[2];
  for (cudaStream_t& stream : streams) cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  for (int repeat = 0; repeat < 20; ++repeat)
    for (int k = 0; k < 2; ++k)
      multiply(objects, operands[k], share || k == 0 ? first.data() : second.data(), streams[k]);
  cudaDeviceSynchronize();
  if (!share) EXPECT_EQ(operands[1].d.values()[5], 16.0f);
}
CASE(streams_share_a_workspace) { multiply_on_two_streams(true); }
CASE(streams_have_workspaces_of_their_own) { multiply_on_two_streams(false); }

// A workspace that is someone's data: lost, as on a device.
CASE(the_workspace_is_overwritten) {
  MatmulObjects objects(kSpec);
  EXPECT(objects.choose());
  EXPECT(objects.chosen.workspaceSize > 0);
  DeviceArray<float> workspace(std::vector<float>(objects.chosen.workspaceSize / sizeof(float), 1.0f));
  const Operands operands;
  multiply(objects, operands, workspace.data(), nullptr);
  EXPECT_EQ(operands.d.values()[0], 16.0f);
  for (const float x : workspace.values()) EXPECT(x != x);
}

void multiply_freed(bool early) {
  MatmulObjects objects(kSpec);
  EXPECT(objects.choose());
  const Operands operands;
  void* workspace = nullptr;
  EXPECT_SUCCESS(cudaMallocAsync(&workspace, objects.chosen.workspaceSize, nullptr));
  if (early) cudaFreeAsync(workspace, nullptr);
  multiply(objects, operands, workspace, nullptr);
  if (!early) cudaFreeAsync(workspace, nullptr);
  cudaDeviceSynchronize();
}
CASE(freed_workspace) { multiply_freed(true); }
CASE(workspace_freed_after_its_use) { multiply_freed(false); }

CASE(operand_on_the_host) {
  MatmulObjects objects(kSpec);
  EXPECT(objects.choose());
  DeviceArray<char> workspace(objects.chosen.workspaceSize);
  const Operands operands;
  alignas(256) static float host[64 * 16];
  EXPECT_EQ(cublasLtMatmul(objects.handle, objects.desc, &kOne, host, objects.a, operands.b.data(), objects.b, &kZero,
                           operands.d.data(), objects.c, operands.d.data(), objects.d, &objects.chosen.algo,
                           workspace.data(), objects.chosen.workspaceSize, nullptr),
            CUBLAS_STATUS_SUCCESS);
  cudaDeviceSynchronize();
}

CASE(result_too_small) {
  MatmulObjects objects(kSpec);
  EXPECT(objects.choose());
  DeviceArray<char> workspace(objects.chosen.workspaceSize);
  Operands operands;
  const DeviceArray<float> small(64 * 32 - 1);
  EXPECT_EQ(cublasLtMatmul(objects.handle, objects.desc, &kOne, operands.a.data(), objects.a, operands.b.data(),
                           objects.b, &kZero, small.data(), objects.c, small.data(), objects.d, &objects.chosen.algo,
                           workspace.data(), objects.chosen.workspaceSize, nullptr),
            CUBLAS_STATUS_SUCCESS);
  cudaDeviceSynchronize();
}

// On the NULL stream a product comes after a blocking stream's work, and is one node of a graph.
CASE(a_product_is_one_node_of_a_graph) {
  MatmulObjects objects(kSpec);
  EXPECT(objects.choose());
  DeviceArray<char> workspace(objects.chosen.workspaceSize);
  const Operands operands;
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  cudaStreamCreate(&stream);
  EXPECT_SUCCESS(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  EXPECT_SUCCESS(cudaMemsetAsync(operands.a.data(), 0, 64 * 16 * sizeof(float), stream));
  multiply(objects, operands, workspace.data(), stream);
  EXPECT_SUCCESS(cudaStreamEndCapture(stream, &graph));
  size_t nodes = 0;
  EXPECT_SUCCESS(cudaGraphGetNodes(graph, nullptr, &nodes));
  EXPECT_EQ(nodes, size_t{2});
  EXPECT_SUCCESS(cudaGraphInstantiate(&executable, graph, 0));
  for (int launch = 0; launch < 2; ++launch) EXPECT_SUCCESS(cudaGraphLaunch(executable, stream));
  EXPECT_EQ(operands.d.values()[7], 0.0f);  // the copy is on the NULL stream
}
}  // namespace
