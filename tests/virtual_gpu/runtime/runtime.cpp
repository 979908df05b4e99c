// runtime.cpp - the CUDA runtime API on top of the interpreter.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/runtime/devmem.h"
#include "tests/virtual_gpu/runtime/streams.h"

using namespace convoy::vgpu;
using std::string;

// ---- settings --------------------------------------------------------------------------------------------------
namespace convoy::vgpu {
const Env& env() {
  static const Env& e = *new Env([] {
    Env v;
    auto num = [](const char* n, long d) {
      const char* s = getenv(n);
      return s && *s ? strtol(s, nullptr, 0) : d;
    };
    v.threads = (int)num("VGPU_THREADS", 1);
    v.race = (int)num("VGPU_RACECHECK", 1);
    v.devices = (int)num("VGPU_DEVICES", 1);
    v.sm = (int)num("VGPU_SM", 0);
    v.eager = num("VGPU_EAGER", 0);
    v.seed = (u64)num("VGPU_SEED", 1);
    v.mem_bytes = (u64)num("VGPU_MEM_MB", 0) << 20;
    v.verbose = num("VGPU_VERBOSE", 0);
    v.decode_all = num("VGPU_DECODE", 0);
    v.race_warn = num("VGPU_RACEWARN", 0);
    if (const char* p = getenv("VGPU_PROFILE")) v.profile = p;
    return v;
  }());
  return e;
}
}  // namespace convoy::vgpu

namespace {
std::recursive_mutex apiMutex;
thread_local int currentDevice = 0;
thread_local cudaError_t lastError = cudaSuccess;
int highestPtx = 0;  // newest architecture found in the program

cudaError_t done(cudaError_t e) {
  if (e != cudaSuccess) lastError = e;
  return e;
}
cudaError_t sticky() { return (cudaError_t)Streams::get().firstError; }
#define API std::lock_guard<std::recursive_mutex> lock_(apiMutex)
#define STICKY \
  if (sticky()) return done(sticky())
void complain(const string& s) { fprintf(stderr, "vgpu: %s\n", s.c_str()); }
int deviceSm() { return env().sm ? env().sm : std::max(80, highestPtx); }
double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

// ---- program images ----------------------------------------------------------------------------------------------
struct FatBinary {
  std::vector<std::pair<int, string>> ptx;
  std::unique_ptr<Image> image;
  bool failed = false;
};
struct Kernel {
  FatBinary* bin;
  string name;
  Program* prog = nullptr;
  int max_dyn_shared = 48 << 10;
};
struct Symbol {
  FatBinary* bin;
  string name;
  size_t size;
};
// never destroyed: work may still be pending at exit
auto& kernels = *new std::map<const void*, Kernel*>;
auto& kernelHandles = *new std::set<const void*>;
auto& symbols = *new std::map<const void*, Symbol>;

string decompress(const u8* p, size_t n, size_t want) {
  if (n >= 4 && p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd)
    if (void* h = dlopen("libzstd.so.1", RTLD_NOW))
      if (auto f = (size_t(*)(void*, size_t, const void*, size_t))dlsym(h, "ZSTD_decompress")) {
        string out(want, '\0');
        size_t r = f(out.data(), want, p, n);
        if (r <= want) {
          out.resize(r);
          return out;
        }
      }
  complain("the program's PTX is compressed; build it with nvcc --no-compress");
  return "";
}
void readFatBinary(FatBinary& b, const u8* data) {
  struct Header {
    u32 magic;
    u16 version, headerSize;
    u64 size;
  } h;
  memcpy(&h, data, sizeof h);
  if (h.magic != 0xBA55ED50) {
    complain("unknown fat binary format");
    return;
  }
  const u8 *p = data + h.headerSize, *end = p + h.size;
  while (p + 64 <= end) {
    u16 kind;
    u32 hs, packed, arch;
    u64 size, flags, full;
    memcpy(&kind, p, 2);
    memcpy(&hs, p + 4, 4);
    memcpy(&size, p + 8, 8);
    memcpy(&packed, p + 16, 4);
    memcpy(&arch, p + 28, 4);
    memcpy(&flags, p + 40, 8);
    memcpy(&full, p + 56, 8);
    if (kind == 1) {
      string s = (flags & 0xa000) ? decompress(p + hs, packed, full) : string((const char*)p + hs, size);
      if (size_t z = s.find('\0'); z != string::npos) s.resize(z);
      if (s.find(".version") != string::npos) {
        b.ptx.push_back({(int)arch, s});
        highestPtx = std::max(highestPtx, (int)arch);
      }
    }
    p += hs + size;
  }
}
Image* imageOf(FatBinary* b) {
  if (b->image) return b->image.get();
  if (b->failed) return nullptr;
  const std::pair<int, string>* best = nullptr;
  for (auto& x : b->ptx)
    if (x.first <= deviceSm() && (!best || x.first > best->first)) best = &x;
  b->failed = true;
  if (!best) {
    complain(b->ptx.empty() ? "the program embeds no PTX (build with -gencode arch=compute_80,code=compute_80)"
                            : "no embedded PTX fits the device (sm_" + std::to_string(deviceSm()) + ")");
    return nullptr;
  }
  try {
    b->image = std::make_unique<Image>(best->second);
    b->failed = false;
  } catch (std::exception& e) {
    complain(e.what());
    return nullptr;
  }
  return b->image.get();
}
Kernel* kernelOf(const void* f) {
  if (kernelHandles.count(f)) return (Kernel*)f;
  auto it = kernels.find(f);
  return it == kernels.end() ? nullptr : it->second;
}
cudaError_t load(Kernel* k) {
  if (!k) return cudaErrorInvalidDeviceFunction;
  if (k->prog) return cudaSuccess;
  Image* im = imageOf(k->bin);
  if (!im) return cudaErrorNoKernelImageForDevice;
  try {
    k->prog = &im->kernel(k->name);
  } catch (std::exception& e) {
    complain(e.what());
    return cudaErrorInvalidPtx;
  }
  return cudaSuccess;
}
u64 symbolAddress(const void* s, size_t* size = nullptr) {
  auto it = symbols.find(s);
  if (it == symbols.end()) return 0;
  Image* im = imageOf(it->second.bin);
  if (!im) return 0;
  if (size) *size = it->second.size;
  return im->variable(it->second.name);
}

// ---- exit status: a program that met a device error must not look successful
// -----------------------------------------
void onExit(int status, void*) {
  Streams::get().waitAll();
  profile_write();
  if (sticky() && status == 0) {
    fflush(nullptr);
    complain(string("exiting with status 86 after a device error: ") + cudaGetErrorString(sticky()));
    _exit(86);
  }
}
__attribute__((constructor)) void atStart() { on_exit(onExit, nullptr); }

// ---- memory copies
// -----------------------------------------------------------------------------------------------------
bool isDevice(const void* p) { return DevMem::get().contains((u64)p); }
// a pointer this process may use for [p, p+n), or null after a complaint
u8* hostView(const void* p, size_t n, const char* what) {
  if (!isDevice(p)) return (u8*)p;
  u64 lo, hi;
  i64 d;
  if (!DevMem::get().find((u64)p, lo, hi, d) || (u64)p + n > hi) {
    complain(string(what) + " of " + std::to_string(n) + " bytes at " + hex((u64)p) + ": " +
             DevMem::get().describe((u64)p, n));
    return nullptr;
  }
  return (u8*)p + d;
}
bool kindFits(void* d, const void* s, cudaMemcpyKind k) {
  bool dd = isDevice(d), ds = isDevice(s), md = DevMem::get().isPinned(d), ms = DevMem::get().isPinned(s);
  switch (k) {
    case cudaMemcpyHostToDevice:
      return (dd || md) && !ds;
    case cudaMemcpyDeviceToHost:
      return !dd && (ds || ms);
    case cudaMemcpyDeviceToDevice:
      return (dd || md) && (ds || ms);
    case cudaMemcpyHostToHost:
      return !dd && !ds;
    default:
      return true;
  }
}
int copyRows(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h) {
  if (!w || !h) return 0;
  u8* pd = hostView(d, dp * (h - 1) + w, "copy to");
  u8* ps = hostView(s, sp * (h - 1) + w, "copy from");
  if (!pd || !ps) return cudaErrorInvalidValue;
  for (size_t r = 0; r < h; ++r) memmove(pd + r * dp, ps + r * sp, w);
  return 0;
}
cudaError_t copy(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h, cudaMemcpyKind kind, CUstream_st* st,
                 bool async) {
  API;
  STICKY;
  st = Streams::get().resolve(st);
  if (!w || !h) return cudaSuccess;
  if (!kindFits(d, s, kind)) {
    complain("cudaMemcpy: the pointers do not match the direction given");
    return done(cudaErrorInvalidValue);
  }
  if ((isDevice(d) && !hostView(d, dp * (h - 1) + w, "copy to")) ||
      (isDevice(s) && !hostView(s, sp * (h - 1) + w, "copy from")))
    return done(cudaErrorInvalidValue);
  auto pageable = [](const void* p) { return !isDevice(p) && !DevMem::get().isPinned(p); };
  if (async && !st->capture && pageable(s) && isDevice(d)) {  // the driver stages pageable sources before it returns
    auto staged = std::make_shared<std::vector<u8>>(w * h);
    for (size_t r = 0; r < h; ++r) memcpy(staged->data() + r * w, (const u8*)s + r * sp, w);
    Streams::get().enqueue(st, "memcpy", [=] { return copyRows(d, dp, staged->data(), w, w, h); });
    return done(sticky());
  }
  OpP op = Streams::get().enqueue(st, "memcpy", [=] { return copyRows(d, dp, s, sp, w, h); });
  if (!async || (pageable(d) && !st->capture)) Streams::get().wait(op);  // copies into pageable memory are synchronous
  return done(sticky());
}
cudaError_t fill(void* p, int v, size_t n, CUstream_st* st) {
  API;
  STICKY;
  if (!n) return cudaSuccess;
  if (!hostView(p, n, "memset")) return done(cudaErrorInvalidValue);
  Streams::get().enqueue(Streams::get().resolve(st), "memset", [=] {
    u8* h = hostView(p, n, "memset");
    if (!h) return (int)cudaErrorInvalidValue;
    memset(h, v, n);
    return 0;
  });
  return done(sticky());
}

// ---- launches
// --------------------------------------------------------------------------------------------------------------
thread_local std::vector<std::tuple<dim3, dim3, size_t, void*>> callStack;
u64 gridCounter = 0;
cudaError_t launch(const void* func, dim3 g, dim3 b, void** args, size_t smem, CUstream_st* st, bool cooperative) {
  API;
  STICKY;
  Kernel* k = kernelOf(func);
  if (cudaError_t e = load(k)) return done(e);
  Program& p = *k->prog;
  u64 threads = (u64)b.x * b.y * b.z;
  if (!g.x || !g.y || !g.z || !threads || threads > 1024 || b.z > 64 || g.y > 65535 || g.z > 65535 || g.x > 0x7fffffffu)
    return done(cudaErrorInvalidConfiguration);
  if (p.entry->max_threads && threads > p.entry->max_threads) {
    complain("launch of " + p.pretty + " with more threads than its __launch_bounds__");
    return done(cudaErrorInvalidValue);
  }
  if (smem + p.shared_static > (size_t)std::max<int>(k->max_dyn_shared + (int)p.shared_static, 48 << 10) ||
      (k->max_dyn_shared <= 48 << 10 && smem + p.shared_static > 48 << 10)) {
    complain("launch of " + p.pretty + " needs " + std::to_string(smem + p.shared_static) +
             " bytes of shared memory, more than allowed (cudaFuncSetAttribute)");
    return done(cudaErrorInvalidValue);
  }
  LaunchConfig c;
  c.grid[0] = g.x;
  c.grid[1] = g.y;
  c.grid[2] = g.z;
  c.block[0] = b.x;
  c.block[1] = b.y;
  c.block[2] = b.z;
  c.dyn_shared = (u32)smem;
  c.cooperative = cooperative;
  c.params.assign(p.param_bytes, 0);
  for (size_t q = 0; q < p.params.size(); ++q) memcpy(&c.params[p.params[q].first], args[q], p.params[q].second);
  Streams::get().enqueue(Streams::get().resolve(st), "kernel", [&p, c]() mutable {
    c.grid_id = ++gridCounter;
    if (c.cooperative) {  // what the driver gives cooperative_groups: {size, barrier}
      static u64 ws = DevMem::get().alloc(64, "grid workspace");
      c.workspace = ws;
      memset(DevMem::get().alias(ws), 0, 64);
      *DevMem::get().alias(ws) = 8;
    }
    if (env().verbose)
      fprintf(stderr, "vgpu: run %s grid (%u,%u,%u) block (%u,%u,%u)\n", p.pretty.c_str(), c.grid[0], c.grid[1],
              c.grid[2], c.block[0], c.block[1], c.block[2]);
    return launch_kernel(p, c);
  });
  return done(env().eager ? sticky() : cudaSuccess);
}
int smemPerSm() { return deviceSm() >= 90 ? 228 << 10 : 164 << 10; }
int smemOptin() { return deviceSm() >= 90 ? 227 << 10 : 163 << 10; }
}  // namespace

extern "C" {
// ---- registration (called by nvcc-generated code)
// ---------------------------------------------------------------------
void** __cudaRegisterFatBinary(void* wrapper) {
  API;
  struct W {
    u32 magic, version;
    const u8* data;
    void* more;
  } w;
  memcpy(&w, wrapper, sizeof w);
  auto* b = new FatBinary;
  if (w.magic != 0x466243b1)
    complain("unknown fat binary wrapper");
  else
    readFatBinary(*b, w.data);
  return (void**)b;
}
void __cudaRegisterFatBinaryEnd(void** h) {  // VGPU_DECODE=1: try every kernel now, to learn what is not supported
  if (!env().decode_all) return;
  API;
  auto* b = (FatBinary*)h;
  Image* im = imageOf(b);
  if (!im) return;
  int good = 0, bad = 0;
  for (auto& [n, f] : im->mod->funcs)
    if (f.entry) {
      try {
        im->kernel(n);
        ++good;
      } catch (std::exception& e) {
        complain(e.what());
        ++bad;
      }
    }
  fprintf(stderr, "vgpu: %d kernels decoded, %d refused\n", good, bad);
}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }
void __cudaRegisterFunction(void** h, const char* host, char*, const char* name, int, uint3*, uint3*, dim3*, dim3*,
                            int*) {
  API;
  auto* k = new Kernel{(FatBinary*)h, name};
  kernels[host] = k;
  kernelHandles.insert(k);
}
void __cudaRegisterVar(void** h, char* host, char*, const char* name, int, size_t size, int, int) {
  API;
  symbols[host] = {(FatBinary*)h, name, size};
}
void __cudaRegisterManagedVar(void**, void**, char*, const char* name, int, size_t, int, int) {
  complain(string("__managed__ variable ") + name + " is not supported");
}
unsigned __cudaPushCallConfiguration(dim3 g, dim3 b, size_t s, CUstream_st* st) {
  callStack.push_back({g, b, s, st});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* g, dim3* b, size_t* s, void* st) {
  auto& t = callStack.back();
  *g = std::get<0>(t);
  *b = std::get<1>(t);
  *s = std::get<2>(t);
  *(void**)st = std::get<3>(t);
  callStack.pop_back();
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* out, const void* f) {
  API;
  Kernel* k = kernelOf(f);
  *out = (cudaKernel_t)k;
  return k ? cudaSuccess : cudaErrorInvalidDeviceFunction;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t k, dim3 g, dim3 b, void** a, size_t s, cudaStream_t st) {
  return launch((const void*)k, g, b, a, s, st, false);
}
cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t k, dim3 g, dim3 b, void** a, size_t s, cudaStream_t st) {
  return launch((const void*)k, g, b, a, s, st, false);
}
cudaError_t cudaLaunchKernel(const void* f, dim3 g, dim3 b, void** a, size_t s, cudaStream_t st) {
  return launch(f, g, b, a, s, st, false);
}
cudaError_t cudaLaunchCooperativeKernel(const void* f, dim3 g, dim3 b, void** a, size_t s, cudaStream_t st) {
  return launch(f, g, b, a, s, st, true);
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* c, const void* f, void** a) {
  bool coop = false;
  for (unsigned k = 0; k < c->numAttrs; ++k) {
    if (c->attrs[k].id == cudaLaunchAttributeCooperative) coop = c->attrs[k].val.cooperative;
    if (c->attrs[k].id == cudaLaunchAttributeClusterDimension &&
        c->attrs[k].val.clusterDim.x * c->attrs[k].val.clusterDim.y * c->attrs[k].val.clusterDim.z > 1) {
      complain("thread block clusters are not supported");
      return done(cudaErrorNotSupported);
    }
  }
  return launch(f, c->gridDim, c->blockDim, a, c->dynamicSmemBytes, c->stream, coop);
}

// ---- devices
// ------------------------------------------------------------------------------------------------------------
cudaError_t cudaGetDeviceCount(int* n) {
  *n = env().devices;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int d) {
  if (d < 0 || d >= env().devices) return done(cudaErrorInvalidDevice);
  currentDevice = d;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* d) {
  *d = currentDevice;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  API;
  Streams::get().waitAll();
  fflush(stdout);
  return done(sticky());
}
cudaError_t cudaDeviceReset() { return cudaDeviceSynchronize(); }
cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }
cudaError_t cudaGetDeviceFlags(unsigned* f) {
  *f = 0;
  return cudaSuccess;
}
cudaError_t cudaInitDevice(int, unsigned, unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceSetLimit(cudaLimit, size_t) { return cudaSuccess; }
cudaError_t cudaDeviceGetLimit(size_t* v, cudaLimit) {
  *v = 8 << 20;
  return cudaSuccess;
}
cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) { return cudaSuccess; }
cudaError_t cudaDeviceGetStreamPriorityRange(int* lo, int* hi) {
  if (lo) *lo = 0;
  if (hi) *hi = -5;
  return cudaSuccess;
}
cudaError_t cudaDeviceCanAccessPeer(int* can, int a, int b) {
  *can = a != b;
  return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceDisablePeerAccess(int) { return cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int* v) {
  *v = 13000;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* v) {
  *v = 13000;
  return cudaSuccess;
}
cudaError_t cudaProfilerStart() { return cudaSuccess; }
cudaError_t cudaProfilerStop() { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int d) {
  if (d < 0 || d >= env().devices) return done(cudaErrorInvalidDevice);
  memset(p, 0, sizeof *p);
  int sm = deviceSm();
  snprintf(p->name, sizeof p->name, "vgpu (interpreted sm_%d)", sm);
  p->uuid.bytes[0] = (char)(d + 1);
  p->totalGlobalMem = DevMem::get().total();
  p->sharedMemPerBlock = 48 << 10;
  p->regsPerBlock = 65536;
  p->warpSize = 32;
  p->memPitch = 0x7fffffff;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
  p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 0x7fffffff;
  p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  p->totalConstMem = 64 << 10;
  p->major = sm / 10;
  p->minor = sm % 10;
  p->textureAlignment = 512;
  p->multiProcessorCount = sm >= 90 ? 132 : 108;
  p->canMapHostMemory = 1;
  p->concurrentKernels = 1;
  p->pciBusID = d + 1;
  p->asyncEngineCount = 3;
  p->unifiedAddressing = 1;
  p->memoryBusWidth = 5120;
  p->l2CacheSize = sm >= 90 ? 50 << 20 : 40 << 20;
  p->maxThreadsPerMultiProcessor = 2048;
  p->streamPrioritiesSupported = 1;
  p->globalL1CacheSupported = p->localL1CacheSupported = 1;
  p->sharedMemPerMultiprocessor = smemPerSm();
  p->regsPerMultiprocessor = 65536;
  p->managedMemory = 1;
  p->cooperativeLaunch = 1;
  p->sharedMemPerBlockOptin = smemOptin();
  p->maxBlocksPerMultiProcessor = 32;
  p->reservedSharedMemPerBlock = 1024;
  p->hostRegisterSupported = 1;
  p->memoryPoolsSupported = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* v, cudaDeviceAttr a, int d) {
  cudaDeviceProp p;
  if (cudaError_t e = cudaGetDeviceProperties(&p, d)) return e;
  switch (a) {
    case cudaDevAttrMaxThreadsPerBlock:
      *v = 1024;
      break;
    case cudaDevAttrMaxBlockDimX:
    case cudaDevAttrMaxBlockDimY:
      *v = 1024;
      break;
    case cudaDevAttrMaxBlockDimZ:
      *v = 64;
      break;
    case cudaDevAttrMaxGridDimX:
      *v = 0x7fffffff;
      break;
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
      *v = 65535;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *v = 48 << 10;
      break;
    case cudaDevAttrTotalConstantMemory:
      *v = 64 << 10;
      break;
    case cudaDevAttrWarpSize:
      *v = 32;
      break;
    case cudaDevAttrMaxRegistersPerBlock:
    case cudaDevAttrMaxRegistersPerMultiprocessor:
      *v = 65536;
      break;
    case cudaDevAttrMultiProcessorCount:
      *v = p.multiProcessorCount;
      break;
    case cudaDevAttrClockRate:
      *v = 1410000;
      break;
    case cudaDevAttrMemoryClockRate:
      *v = 1215000;
      break;
    case cudaDevAttrGlobalMemoryBusWidth:
      *v = 5120;
      break;
    case cudaDevAttrL2CacheSize:
      *v = p.l2CacheSize;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *v = 2048;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *v = p.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *v = p.minor;
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *v = smemPerSm();
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *v = smemOptin();
      break;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      *v = 1024;
      break;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      *v = 32;
      break;
    case cudaDevAttrAsyncEngineCount:
      *v = 3;
      break;
    case cudaDevAttrCooperativeLaunch:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrManagedMemory:
    case cudaDevAttrMemoryPoolsSupported:
    case cudaDevAttrCanMapHostMemory:
    case cudaDevAttrHostRegisterSupported:
    case cudaDevAttrStreamPrioritiesSupported:
      *v = 1;
      break;
    default:
      *v = 0;
  }
  return cudaSuccess;
}

// ---- memory
// ---------------------------------------------------------------------------------------------------------------
cudaError_t cudaMalloc(void** p, size_t n) {
  API;
  STICKY;
  if (!p) return done(cudaErrorInvalidValue);
  if (!n) {
    *p = nullptr;
    return cudaSuccess;
  }
  u64 a = DevMem::get().alloc(n, "cudaMalloc", currentDevice);
  *p = (void*)a;
  return done(a ? cudaSuccess : cudaErrorMemoryAllocation);
}
cudaError_t cudaFree(void* p) {
  API;
  if (!p) return done(sticky());
  Streams::get().waitAll();
  if (DevMem::get().contains((u64)p)) {
    if (!DevMem::get().release((u64)p)) {
      complain("cudaFree of " + hex((u64)p) + ": " + DevMem::get().describe((u64)p, 1));
      return done(cudaErrorInvalidValue);
    }
    return done(sticky());
  }
  if (DevMem::get().unregisterHost(p)) {
    free(p);
    return done(sticky());
  }
  return done(cudaErrorInvalidValue);
}
cudaError_t cudaMallocAsync(void** p, size_t n, cudaStream_t) { return cudaMalloc(p, n); }
cudaError_t cudaMallocFromPoolAsync(void** p, size_t n, cudaMemPool_t, cudaStream_t) { return cudaMalloc(p, n); }
cudaError_t cudaFreeAsync(void* p, cudaStream_t s) {
  API;
  STICKY;
  if (!p) return cudaSuccess;
  Streams::get().enqueue(Streams::get().resolve(s), "free", [p] {
    if (!DevMem::get().release((u64)p)) {
      complain("cudaFreeAsync of " + hex((u64)p) + ": not allocated");
      return (int)cudaErrorInvalidValue;
    }
    return 0;
  });
  return done(sticky());
}
cudaError_t cudaMallocHost(void** p, size_t n) {
  API;
  *p = aligned_alloc(4096, (n + 4095) & ~4095ull);
  if (!*p) return done(cudaErrorMemoryAllocation);
  DevMem::get().registerHost(*p, n, "pinned host memory");
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** p, size_t n, unsigned) { return cudaMallocHost(p, n); }
cudaError_t cudaFreeHost(void* p) {
  API;
  if (!p) return cudaSuccess;
  Streams::get().waitAll();
  if (!DevMem::get().unregisterHost(p)) return done(cudaErrorInvalidValue);
  free(p);
  return done(sticky());
}
cudaError_t cudaHostRegister(void* p, size_t n, unsigned) {
  API;
  DevMem::get().registerHost(p, n, "registered host memory");
  return cudaSuccess;
}
cudaError_t cudaHostUnregister(void* p) {
  API;
  Streams::get().waitAll();
  return done(DevMem::get().unregisterHost(p) ? cudaSuccess : cudaErrorHostMemoryNotRegistered);
}
cudaError_t cudaHostGetDevicePointer(void** d, void* h, unsigned) {
  *d = h;
  return cudaSuccess;
}
cudaError_t cudaHostGetFlags(unsigned* f, void*) {
  *f = 0;
  return cudaSuccess;
}
cudaError_t cudaMallocManaged(void** p, size_t n, unsigned) {
  cudaError_t e = cudaMallocHost(p, n);
  if (!e) memset(*p, 0, n);
  return e;
}
cudaError_t cudaMallocPitch(void** p, size_t* pitch, size_t w, size_t h) {
  *pitch = (w + 511) & ~511ull;
  return cudaMalloc(p, *pitch * h);
}
cudaError_t cudaMemGetInfo(size_t* f, size_t* t) {
  API;
  *t = DevMem::get().total();
  *f = *t - std::min<size_t>(*t, DevMem::get().used(currentDevice));
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* d, const void* s, size_t n, cudaMemcpyKind k) {
  return copy(d, n, s, n, n, 1, k, nullptr, false);
}
cudaError_t cudaMemcpyAsync(void* d, const void* s, size_t n, cudaMemcpyKind k, cudaStream_t st) {
  return copy(d, n, s, n, n, 1, k, st, true);
}
cudaError_t cudaMemcpy2D(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h, cudaMemcpyKind k) {
  return copy(d, dp, s, sp, w, h, k, nullptr, false);
}
cudaError_t cudaMemcpy2DAsync(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h, cudaMemcpyKind k,
                              cudaStream_t st) {
  return copy(d, dp, s, sp, w, h, k, st, true);
}
cudaError_t cudaMemcpyPeer(void* d, int, const void* s, int, size_t n) {
  return copy(d, n, s, n, n, 1, cudaMemcpyDefault, nullptr, false);
}
cudaError_t cudaMemcpyPeerAsync(void* d, int, const void* s, int, size_t n, cudaStream_t st) {
  return copy(d, n, s, n, n, 1, cudaMemcpyDefault, st, true);
}
cudaError_t cudaMemset(void* p, int v, size_t n) { return fill(p, v, n, nullptr); }
cudaError_t cudaMemsetAsync(void* p, int v, size_t n, cudaStream_t s) { return fill(p, v, n, s); }
cudaError_t cudaMemset2DAsync(void* p, size_t pitch, int v, size_t w, size_t h, cudaStream_t s) {
  for (size_t r = 0; r < h; ++r)
    if (cudaError_t e = fill((u8*)p + r * pitch, v, w, s)) return e;
  return cudaSuccess;
}
cudaError_t cudaMemset2D(void* p, size_t pitch, int v, size_t w, size_t h) {
  return cudaMemset2DAsync(p, pitch, v, w, h, nullptr);
}
cudaError_t cudaMemPrefetchAsync(const void*, size_t, cudaMemLocation, unsigned, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaMemAdvise(const void*, size_t, cudaMemoryAdvise, cudaMemLocation) { return cudaSuccess; }
cudaError_t cudaGetSymbolAddress(void** p, const void* s) {
  API;
  u64 a = symbolAddress(s);
  *p = (void*)a;
  return done(a ? cudaSuccess : cudaErrorInvalidSymbol);
}
cudaError_t cudaGetSymbolSize(size_t* n, const void* s) {
  API;
  return done(symbolAddress(s, n) ? cudaSuccess : cudaErrorInvalidSymbol);
}
cudaError_t cudaMemcpyToSymbolAsync(const void* s, const void* src, size_t n, size_t off, cudaMemcpyKind k,
                                    cudaStream_t st) {
  u64 a;
  {
    API;
    a = symbolAddress(s);
  }
  return a ? copy((void*)(a + off), n, src, n, n, 1, k, st, true) : done(cudaErrorInvalidSymbol);
}
cudaError_t cudaMemcpyToSymbol(const void* s, const void* src, size_t n, size_t off, cudaMemcpyKind k) {
  u64 a;
  {
    API;
    a = symbolAddress(s);
  }
  return a ? copy((void*)(a + off), n, src, n, n, 1, k, nullptr, false) : done(cudaErrorInvalidSymbol);
}
cudaError_t cudaMemcpyFromSymbolAsync(void* d, const void* s, size_t n, size_t off, cudaMemcpyKind k, cudaStream_t st) {
  u64 a;
  {
    API;
    a = symbolAddress(s);
  }
  return a ? copy(d, n, (void*)(a + off), n, n, 1, k, st, true) : done(cudaErrorInvalidSymbol);
}
cudaError_t cudaMemcpyFromSymbol(void* d, const void* s, size_t n, size_t off, cudaMemcpyKind k) {
  u64 a;
  {
    API;
    a = symbolAddress(s);
  }
  return a ? copy(d, n, (void*)(a + off), n, n, 1, k, nullptr, false) : done(cudaErrorInvalidSymbol);
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* a, const void* p) {
  memset(a, 0, sizeof *a);
  a->device = 0;
  Alloc al;
  if (isDevice(p)) {
    a->type = cudaMemoryTypeDevice;
    a->devicePointer = (void*)p;
    if (DevMem::get().findAlloc((u64)p, al)) a->device = al.device;
  } else if (DevMem::get().isPinned(p)) {
    a->type = cudaMemoryTypeHost;
    a->devicePointer = a->hostPointer = (void*)p;
  } else {
    a->type = cudaMemoryTypeUnregistered;
    a->hostPointer = (void*)p;
    a->device = -2;
  }
  return cudaSuccess;
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* p, int d) {
  *p = (cudaMemPool_t)(size_t)(d + 1);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* p, int d) { return cudaDeviceGetDefaultMemPool(p, d); }
cudaError_t cudaDeviceSetMemPool(int, cudaMemPool_t) { return cudaSuccess; }
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void* v) {
  *(u64*)v = 0;
  return cudaSuccess;
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) { return cudaSuccess; }
cudaError_t cudaMemPoolCreate(cudaMemPool_t* p, const cudaMemPoolProps*) {
  *p = (cudaMemPool_t)1;
  return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t) { return cudaSuccess; }
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t, const cudaMemAccessDesc*, size_t) { return cudaSuccess; }

// ---- functions
// ---------------------------------------------------------------------------------------------------------------
cudaError_t cudaFuncSetAttribute(const void* f, cudaFuncAttribute a, int v) {
  API;
  Kernel* k = kernelOf(f);
  if (cudaError_t e = load(k)) return done(e);
  if (a == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (v < 0 || v + (int)k->prog->shared_static > smemOptin()) return done(cudaErrorInvalidValue);
    k->max_dyn_shared = std::max(v, 0);
    if (v < 48 << 10) k->max_dyn_shared = 48 << 10;
  }
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* a, const void* f) {
  API;
  Kernel* k = kernelOf(f);
  if (cudaError_t e = load(k)) return done(e);
  memset(a, 0, sizeof *a);
  a->sharedSizeBytes = k->prog->shared_static;
  a->localSizeBytes = k->prog->local_bytes;
  a->maxThreadsPerBlock = k->prog->entry->max_threads ? k->prog->entry->max_threads : 1024;
  a->numRegs = 32;
  a->ptxVersion = a->binaryVersion = deviceSm();
  a->maxDynamicSharedSizeBytes = k->max_dyn_shared;
  return cudaSuccess;
}
cudaError_t cudaFuncSetCacheConfig(const void*, cudaFuncCache) { return cudaSuccess; }
cudaError_t cudaFuncSetSharedMemConfig(const void*, cudaSharedMemConfig) { return cudaSuccess; }
cudaError_t cudaFuncGetName(const char** n, const void* f) {
  API;
  Kernel* k = kernelOf(f);
  if (!k) return done(cudaErrorInvalidDeviceFunction);
  *n = k->name.c_str();
  return cudaSuccess;
}
cudaError_t cudaGetFuncBySymbol(cudaFunction_t* out, const void* f) {
  API;
  Kernel* k = kernelOf(f);
  *out = (cudaFunction_t)k;
  return done(k ? cudaSuccess : cudaErrorInvalidDeviceFunction);
}
cudaError_t cudaGetKernel(cudaKernel_t* out, const void* f) { return done(__cudaGetKernel(out, f)); }
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* n, const void* f, int threads, size_t smem,
                                                                   unsigned) {
  API;
  Kernel* k = kernelOf(f);
  if (cudaError_t e = load(k)) return done(e);
  if (threads <= 0 || threads > 1024) {
    *n = 0;
    return cudaSuccess;
  }
  size_t per = k->prog->shared_static + smem + 1024;
  *n = (int)std::min<size_t>({32, 2048u / (((size_t)threads + 31) / 32 * 32), (size_t)smemPerSm() / per});
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* n, const void* f, int threads, size_t smem) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(n, f, threads, smem, 0);
}
cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t* n, const void*, int blocks, int) {
  *n = smemPerSm() / std::max(1, blocks) - 1024;
  return cudaSuccess;
}

// ---- streams and events
// -------------------------------------------------------------------------------------------------------
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* s, unsigned flags, int prio) {
  API;
  *s = Streams::get().create(flags, prio);
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned flags) {
  return cudaStreamCreateWithPriority(s, flags, 0);
}
cudaError_t cudaStreamCreate(cudaStream_t* s) { return cudaStreamCreateWithPriority(s, 0, 0); }
cudaError_t cudaStreamDestroy(cudaStream_t s) {
  API;
  Streams::get().destroy(s);
  return done(sticky());
}
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  API;
  s = Streams::get().resolve(s);
  if (s->capture) return done(cudaErrorStreamCaptureUnsupported);
  if (s == &Streams::get().legacy) {
    Streams::get().enqueue(s, "sync", [] { return 0; });
  }
  Streams::get().waitStream(s);
  fflush(stdout);
  return done(sticky());
}
cudaError_t cudaStreamQuery(cudaStream_t s) {
  API;
  s = Streams::get().resolve(s);
  if (sticky()) return done(sticky());
  if (!s->tail || s->tail->done) return cudaSuccess;
  Streams::get().waitStream(s);
  return sticky() ? done(sticky()) : cudaErrorNotReady;
}
cudaError_t cudaStreamGetFlags(cudaStream_t s, unsigned* f) {
  *f = Streams::get().resolve(s)->flags;
  return cudaSuccess;
}
cudaError_t cudaStreamGetPriority(cudaStream_t s, int* p) {
  *p = Streams::get().resolve(s)->priority;
  return cudaSuccess;
}
cudaError_t cudaStreamGetDevice(cudaStream_t, int* d) {
  *d = currentDevice;
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  API;
  STICKY;
  s = Streams::get().resolve(s);
  if (!e) return done(cudaErrorInvalidResourceHandle);
  if (!e->recorded) return cudaSuccess;
  if (e->graph) {
    if (s->capture && s->capture != e->graph) return done(cudaErrorStreamCaptureMerge);
    s->capture = e->graph;
    for (int n : e->nodes) s->captureTail.push_back(n);
    return cudaSuccess;
  }
  if (s->capture) return done(cudaErrorStreamCaptureIsolation);
  Streams::get().enqueue(
      s, "wait", [] { return 0; }, e->op);
  return done(sticky());
}
cudaError_t cudaLaunchHostFunc(cudaStream_t s, cudaHostFn_t f, void* data) {
  API;
  STICKY;
  Streams::get().enqueue(Streams::get().resolve(s), "host", [=] {
    f(data);
    return 0;
  });
  return done(sticky());
}
cudaError_t cudaStreamAddCallback(cudaStream_t s, cudaStreamCallback_t f, void* data, unsigned) {
  API;
  Streams::get().enqueue(Streams::get().resolve(s), "host", [=] {
    f(s, cudaSuccess, data);
    return 0;
  });
  return done(sticky());
}
cudaError_t cudaStreamAttachMemAsync(cudaStream_t, void*, size_t, unsigned) { return cudaSuccess; }
cudaError_t cudaStreamSetAttribute(cudaStream_t, cudaStreamAttrID, const cudaStreamAttrValue*) { return cudaSuccess; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned flags) {
  API;
  *e = new CUevent_st;
  (*e)->timing = !(flags & cudaEventDisableTiming);
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* e) { return cudaEventCreateWithFlags(e, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t e) {
  API;
  if (e && e->op) Streams::get().wait(e->op);
  delete e;
  return done(sticky());
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t e, cudaStream_t s, unsigned) {
  API;
  STICKY;
  if (!e) return done(cudaErrorInvalidResourceHandle);
  s = Streams::get().resolve(s);
  e->recorded = true;
  if (s->capture) {
    e->graph = s->capture;
    e->nodes = s->captureTail;
    return cudaSuccess;
  }
  e->graph = nullptr;
  e->op = Streams::get().enqueue(s, "event", [e] {
    e->when = now();
    return 0;
  });
  return done(sticky());
}
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) { return cudaEventRecordWithFlags(e, s, 0); }
cudaError_t cudaEventQuery(cudaEvent_t e) {
  API;
  if (sticky()) return done(sticky());
  if (!e->op || e->op->done) return cudaSuccess;
  Streams::get().wait(e->op);
  return sticky() ? done(sticky()) : cudaErrorNotReady;
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  API;
  Streams::get().wait(e->op);
  fflush(stdout);
  return done(sticky());
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t a, cudaEvent_t b) {
  API;
  if (!a || !b || !a->recorded || !b->recorded || !a->timing || !b->timing) return done(cudaErrorInvalidResourceHandle);
  if ((a->op && !a->op->done) || (b->op && !b->op->done)) return done(cudaErrorNotReady);
  *ms = (float)(b->when - a->when);
  return done(sticky());
}

// ---- graphs
// ------------------------------------------------------------------------------------------------------------------
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  API;
  STICKY;
  if (Streams::get().resolve(s) == &Streams::get().legacy) return done(cudaErrorStreamCaptureUnsupported);
  if (s->capture) return done(cudaErrorIllegalState);
  s->capture = new CUgraph_st;
  s->captureTail.clear();
  s->captureOrigin = true;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* g) {
  API;
  if (!s || !s->capture || !s->captureOrigin) return done(cudaErrorIllegalState);
  *g = s->capture;
  Streams::get().endCapture(s->capture);
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t s, cudaStreamCaptureStatus* st) {
  API;
  *st = Streams::get().resolve(s)->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* m) {
  *m = cudaStreamCaptureModeGlobal;
  return cudaSuccess;
}
cudaError_t cudaGraphCreate(cudaGraph_t* g, unsigned) {
  *g = new CUgraph_st;
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t g) {
  API;
  delete g;
  return cudaSuccess;
}
cudaError_t cudaGraphGetNodes(cudaGraph_t g, cudaGraphNode_t* nodes, size_t* n) {
  API;
  if (!nodes)
    *n = g->nodes.size();
  else
    for (size_t k = 0; k < *n && k < g->nodes.size(); ++k) nodes[k] = (cudaGraphNode_t)&g->nodes[k];
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* e, cudaGraph_t g, unsigned long long) {
  API;
  *e = new CUgraphExec_st{*g};
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* e, cudaGraph_t g, unsigned long long f) {
  return cudaGraphInstantiate(e, g, f);
}
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t e, cudaGraph_t g, cudaGraphExecUpdateResultInfo* r) {
  API;
  Streams::get().waitAll();
  e->graph = *g;
  if (r) {
    memset(r, 0, sizeof *r);
    r->result = cudaGraphExecUpdateSuccess;
  }
  return cudaSuccess;
}
cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) {
  API;
  STICKY;
  auto g = std::make_shared<CUgraph_st>(e->graph);
  static u64 rng = env().seed * 77 + 5;
  Streams::get().enqueue(Streams::get().resolve(s), "graph", [g] {
    int err = 0;
    runGraph(*g, err, rng);
    return err;
  });
  return done(sticky());
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) {
  API;
  delete e;
  return cudaSuccess;
}

// ---- for the cuBLAS stand-ins
// ---------------------------------------------------------------------------------------------
void vgpu_enqueue(cudaStream_t s, const std::function<int()>* work) {
  API;
  Streams::get().enqueue(Streams::get().resolve(s), "library", *work);
}
void* vgpu_host_pointer(const void* p, size_t n, const char* what) {
  if (!n) return (void*)p;
  if (isDevice(p) || DevMem::get().isPinned(p)) return hostView(p, n, what);
  complain(string(what) + " is not device memory: " + hex((u64)p));
  return nullptr;
}

// ---- errors
// ------------------------------------------------------------------------------------------------------------------
cudaError_t cudaGetLastError() {
  API;
  cudaError_t e = sticky() ? sticky() : lastError;
  lastError = cudaSuccess;
  return e;
}
cudaError_t cudaPeekAtLastError() {
  API;
  return sticky() ? sticky() : lastError;
}
const char* cudaGetErrorName(cudaError_t e) {
  switch (e) {
#define E(x) \
  case x:    \
    return #x;
    E(cudaSuccess)
    E(cudaErrorInvalidValue)
    E(cudaErrorMemoryAllocation) E(cudaErrorInvalidConfiguration) E(cudaErrorInvalidDevice) E(cudaErrorInvalidSymbol)
        E(cudaErrorInvalidDeviceFunction) E(cudaErrorNoKernelImageForDevice) E(cudaErrorInvalidPtx)
            E(cudaErrorIllegalAddress) E(cudaErrorMisalignedAddress) E(cudaErrorLaunchFailure) E(cudaErrorLaunchTimeout)
                E(cudaErrorAssert) E(cudaErrorNotReady) E(cudaErrorNotSupported) E(cudaErrorInvalidResourceHandle)
                    E(cudaErrorStreamCaptureUnsupported) E(cudaErrorStreamCaptureMerge)
                        E(cudaErrorStreamCaptureIsolation) E(cudaErrorIllegalState) E(cudaErrorHostMemoryNotRegistered)
#undef E
                            default : return "unrecognized error code";
  }
}
const char* cudaGetErrorString(cudaError_t e) {
  switch (e) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorInvalidSymbol:
      return "invalid device symbol";
    case cudaErrorInvalidDeviceFunction:
      return "invalid device function";
    case cudaErrorNoKernelImageForDevice:
      return "no kernel image is available for execution on the device";
    case cudaErrorInvalidPtx:
      return "a PTX JIT compilation failed";
    case cudaErrorIllegalAddress:
      return "an illegal memory access was encountered";
    case cudaErrorMisalignedAddress:
      return "misaligned address";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    case cudaErrorLaunchTimeout:
      return "the launch timed out and was terminated";
    case cudaErrorAssert:
      return "device-side assert triggered";
    case cudaErrorNotReady:
      return "device not ready";
    case cudaErrorNotSupported:
      return "operation not supported";
    default:
      return cudaGetErrorName(e);
  }
}
}  // extern "C"
